"""Typed reading of a producer's message: what is wrong is said with its place in the JSON."""

import re
from typing import TypeVar

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal

M = TypeVar("M")
_PATH = re.compile(r" - at `\$(?P<path>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")
_STEPS = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


def decode(decoder: msgspec.json.Decoder[M], body: bytes) -> M:
    """The message, its fields of the right types. Raises Invalid, its code a Reason."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def _refusal(message: str) -> Invalid:
    """Msgspec says where in JSONPath; people and problem documents want a JSON Pointer."""
    found = _PATH.search(message)
    steps = _STEPS.findall(found["path"]) if found else []
    pointer = "".join(f"/{name or number}" for name, number in steps)
    if missing := _MISSING.search(message):
        pointer = f"{pointer}/{missing['name']}"
        return refusal(Reason.MISSING_FIELD, f"{pointer} is missing.", pointer)
    why = _PATH.sub("", message)
    return refusal(Reason.INVALID_FIELD, f"{pointer or 'The message'}: {why}.", pointer)
