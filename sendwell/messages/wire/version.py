"""Versions of schemas: fields may come within a major one; an unknown major one is not read."""

import re
from collections.abc import Mapping

from sendwell.messages.wire import headers
from sendwell.messages.wire.contract import VERSION
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal

_VERSION = re.compile(r"v?(?P<major>\d{1,9})(?:\.[0-9A-Za-z.+-]*)?")
_FIELDS = ("schema_version", "schemaVersion")


def check_version(message: Mapping[str, object], told: headers.Told) -> None:
    """Raise Invalid unless message and headers are of a version that is understood.

    A message that names none is of the first one.
    """
    for field in _FIELDS:
        if (said := message.get(field)) is not None:
            _check(said, f"/{field}")
    if (header := told.one(headers.SCHEMA_VERSION)) is not None:
        _check(header, "")


def _check(said: object, pointer: str) -> None:
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        why = "A schema version is a number, or text such as 1.0."
        raise refusal(Reason.UNKNOWN_VERSION, why, pointer)
    found = _VERSION.fullmatch(str(said))
    if found is None or int(found["major"]) != VERSION:
        why = f"Version {str(said)[:20]!r} of the schema is not known; known is {VERSION}."
        raise refusal(Reason.UNKNOWN_VERSION, why, pointer)
