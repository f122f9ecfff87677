"""JSON from outside, read more strictly than its grammar: nothing that nobody could store."""

import re
from typing import Any

import msgspec

from sendwell.domain.errors import Invalid

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def strict_json(written: bytes, *, subject: str) -> Any:
    """The value. Raises Invalid, which says of the `subject` what is wrong with it.

    Refused are half of a surrogate pair, NUL, NaN, numbers beyond a double, and any encoding but
    UTF-8.
    """
    try:
        value = msgspec.json.decode(written)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"{subject} is not valid JSON: {error}.") from error
    if _NUL.search(written):
        raise Invalid(f"{subject} holds the character NUL, which can't be stored.")
    return value
