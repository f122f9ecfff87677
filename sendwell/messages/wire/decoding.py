"""Typed reading of a producer's message: what is wrong is said with its place in the JSON."""

import re
from typing import TypeVar

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.pointer import pointer_to
from sendwell.messages.wire.json_path import split_path
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal

M = TypeVar("M")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")


def decode(decoder: msgspec.json.Decoder[M], body: bytes) -> M:
    """The message, its fields of the right types. Raises Invalid, its code a Reason."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def _refusal(message: str) -> Invalid:
    """Msgspec says where in JSONPath; people and problem documents want a JSON Pointer."""
    steps, why = split_path(message)
    if missing := _MISSING.search(why):
        pointer = pointer_to(*steps, missing["name"])
        return refusal(Reason.MISSING_FIELD, f"{pointer} is missing.", pointer)
    pointer = pointer_to(*steps)
    return refusal(Reason.INVALID_FIELD, f"{pointer or 'The message'}: {why}.", pointer)
