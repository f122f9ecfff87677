"""Records turned into documents: what PUT /api/v1/users would take, and the person's id."""

from typing import Any, Protocol

from sendwell.domain.errors import Flaw, Invalid
from sendwell.roles.users.reading.records import LARGEST_RECORD
from sendwell.runtime.strict_json import strict_json

Document = dict[str, Any]


class Format(Protocol):
    """How the records of one file are read."""

    def document(self, record: bytes) -> Document:
        """The record's document. Raises Invalid with a flaw for each thing that is wrong."""
        ...


class Lines:
    """NDJSON: each line is a JSON object."""

    def document(self, record: bytes) -> Document:
        """See Format."""
        found = decode(text_of(record).encode(), "")
        if not isinstance(found, dict):
            raise wrong("", 'It is no JSON object. Each line is one, as {"user_id": "ada"}.')
        return found


def text_of(record: bytes) -> str:
    """The record as text. Raises Invalid where it is none."""
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        raise wrong("", f"It is not UTF-8: byte {error.start + 1} of it is wrong.") from error
    if "\x00" in text:
        raise wrong("", "It holds the character NUL, which can't be stored.")
    return text


def decode(json: bytes, field: str) -> Any:
    """A JSON value, as strictly as the API reads it. Raises Invalid."""
    try:
        return strict_json(json, subject="It")
    except Invalid as error:
        raise wrong(field, error.message) from error


def wrong(field: str, why: str) -> Invalid:
    """The error for one thing in a record; the field is empty where it is the whole."""
    return Invalid(why, flaws=(Flaw(f"/{field}" if field else "", why),))


TOO_LONG = wrong("", f"It is longer than {LARGEST_RECORD // 1024} KiB.")
