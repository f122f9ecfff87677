"""The driver, made fit for messages of strangers. What is done here holds for the whole process."""

import logging
import struct
from typing import Any

from pamqp import decode


def prepare() -> None:
    """Make the driver lenient and silent. May be done again.

    Lenient: a property that is no UTF-8, a time beyond the year 9999 or a header of an unknown type
    would break the connection, again and again, as the broker hands out the message that has it
    for ever. The body is what matters, so such a property is taken as far as it can be read.

    Silent: its warnings show whole messages, and what they warn of is raised as well.
    """
    decode.METHODS.update(shortstr=_short_text, timestamp=_time, table=_table)
    for name in ("aiormq", "pamqp"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _short_text(value: bytes) -> tuple[int, str]:
    end = value[0] + 1
    return end, value[1:end].decode(errors="replace")


def _time(value: bytes) -> tuple[int, Any]:
    try:
        return decode.timestamp(value)
    except (ValueError, OverflowError, OSError):
        return 8, None


def _table(value: bytes) -> tuple[int, Any]:
    try:
        return decode.field_table(value)
    except (ValueError, OverflowError, OSError, struct.error):
        return 4 + int.from_bytes(value[:4], "big"), {}
