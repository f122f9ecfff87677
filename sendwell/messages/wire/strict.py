"""JSON from strangers: what everybody reads alike, or nothing (RFC 7493, I-JSON)."""

import json

import msgspec

from sendwell.domain.errors import Flaw, Invalid
from sendwell.messages.wire.depth import is_deeper
from sendwell.messages.wire.reason import Reason

MOST_BYTES = 1_048_576
"""What a notification may have, as by REST."""
MOST_DEPTH = 32
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_without_blanks = msgspec.json.format


def json_object(body: bytes, *, most_bytes: int = MOST_BYTES) -> dict[str, object]:
    """The one JSON object in a message.

    Raises Invalid, its code a Reason, for what is too large, not UTF-8, not JSON (NaN, a number
    beyond a double, half of a surrogate pair), nested too deeply, no object, or names a field twice
    in one object: of such a field each reader would take another value.
    """
    if len(body) > most_bytes:
        why = f"A message may have {most_bytes} bytes; this one has {len(body)}."
        raise refusal(Reason.TOO_LARGE, why)
    text = _text(body)
    if is_deeper(body, MOST_DEPTH):
        raise refusal(Reason.TOO_DEEP, f"The JSON is nested more than {MOST_DEPTH} levels deep.")
    value = _value(body)
    if not isinstance(value, dict):
        raise refusal(Reason.NOT_AN_OBJECT, "The message must be a JSON object.")
    if not _is_said_once(body, value):
        _refuse_repetitions(text)
    return value


def refusal(reason: Reason, why: str, pointer: str = "") -> Invalid:
    """An error that `Quarantined.of` knows."""
    return Invalid(why, flaws=[Flaw(pointer, why)], code=reason)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        why = f"The message is not UTF-8: {error.reason} at byte {error.start}."
        raise refusal(Reason.NOT_UTF8, why) from error


def _value(body: bytes) -> object:
    if not body:
        raise refusal(Reason.MALFORMED_JSON, "The message is empty.")
    try:
        value: object = _decode(body)
    except msgspec.DecodeError as error:
        raise refusal(Reason.MALFORMED_JSON, f"The message is not valid JSON: {error}.") from error
    return value


def _is_said_once(body: bytes, value: object) -> bool:
    """Whether it is certain, at little cost, that no field is there twice.

    So it is where `value`, of which the last one wins, is written as it stands there but for the
    blanks. JSON that is written in another way may be all right, too.
    """
    return _encode(value) == _without_blanks(body, indent=-1)


class _RepeatedError(ValueError):
    """An object has a field twice."""


def _once(members: list[tuple[str, object]]) -> None:
    if len({name for name, _ in members}) != len(members):
        names = [name for name, _ in members]
        raise _RepeatedError(next(name for name in names if names.count(name) > 1))


# One pass in C that builds no values; measured 6 us for a request of `tenant`.
_visit = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, parse_float=str).decode


def _refuse_repetitions(text: str) -> None:
    try:
        _visit(text)
    except _RepeatedError as error:
        name = str(error)
        which = f"field {name}" if name.isidentifier() else "same field"  # it might be an address
        why = f"The {which} is there twice in one object."
        raise refusal(Reason.REPEATED_FIELD, why) from error
