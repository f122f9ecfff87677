"""The outline of a request: all of it but what stands, word for word, in the producer's JSON.

Headers are no place for much: RabbitMQ wants all of them in one frame, which is 128 KiB by
default. So what a message carries already is not said again.
"""

from collections.abc import Mapping

import msgspec

from sendwell.messages.original import Original
from sendwell.messages.requested import Content, Requested, To
from sendwell.messages.wire.contract import EMPTY
from sendwell.messages.wire.derived import is_derived, words_for
from sendwell.messages.wire.fields import Recipient, Words
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal

Found = Mapping[str, str]
"""Fields of a request, and under which name the body has them."""

_DERIVED = ""
"""Stands for a name in the body: the words are made from event type and data again."""
_ORIGINAL = "original"
"""All of the body is what the producer wrote; its schema stands for a name."""
_CONTENT = "content"
_TO = ("to", "recipient")
_NOTHING: Mapping[str, object] = {
    "data": EMPTY, "metadata": EMPTY, _CONTENT: None, "to": (), _ORIGINAL: None,
}  # fmt: skip
_words = msgspec.json.Decoder(str | Words).decode
_recipients = msgspec.json.Decoder(list[Recipient]).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
Members = Mapping[str, msgspec.Raw]


def outline(request: Requested, body: bytes) -> tuple[Requested, Found]:
    """The request without what its body says, and where that is. `restored` puts it back.

    What the producer wrote is in the body or left out: it may be long, and name other recipients.
    """
    members = _members(body)
    places = {
        "data": _place(request.data, members),
        "metadata": _place(request.metadata, members),
        _CONTENT: _place_of_words(request, members),
        "to": _place_of_recipients(request, members),
        _ORIGINAL: _schema_of(request.original, body),
    }
    found = {field: name for field, name in places.items() if name is not None}
    less = {field: _NOTHING[field] for field in (*found, _ORIGINAL)}
    return msgspec.structs.replace(request, **less), found


def _schema_of(original: Original | None, body: bytes) -> str | None:
    if original is None or bytes(original.body) != body:
        return None
    return original.schema


def _place(raw: msgspec.Raw, members: Members) -> str | None:
    if raw == EMPTY:
        return None
    return next((name for name, value in members.items() if value == raw), None)


def _place_of_words(request: Requested, members: Members) -> str | None:
    if is_derived(request):
        return _DERIVED
    is_there = request.content is not None and _content(members) == request.content
    return _CONTENT if is_there else None


def _place_of_recipients(request: Requested, members: Members) -> str | None:
    """Looked for only where there are many: one is short."""
    if len(request.to) == 1:
        return None
    return next((name for name in _TO if _to(name, members) == request.to), None)


def restored(request: Requested, found: Found, body: bytes) -> Requested:
    """The request that `outline` was made of. Raises Invalid when the body lacks a part of it."""
    if not found:
        return request
    members = _members(body)
    parts: dict[str, object] = {
        field: _object(found[field], members) for field in ("data", "metadata") if field in found
    }
    if "to" in found:
        parts["to"] = _to(found["to"], members)
    if _ORIGINAL in found:
        parts[_ORIGINAL] = Original(found[_ORIGINAL], msgspec.Raw(body))
    request = msgspec.structs.replace(request, **parts)
    if _CONTENT not in found:
        return request
    is_derived_again = found[_CONTENT] == _DERIVED
    words = _derived(request) if is_derived_again else _content(members)
    return msgspec.structs.replace(request, content=words)


def _object(name: str, members: Members) -> msgspec.Raw:
    raw = members.get(name, msgspec.Raw())
    if not bytes(raw).startswith(b"{"):
        why = f"The headers speak of an object /{name}, which is not there."
        raise refusal(Reason.CONTRADICTION, why, f"/{name}")
    return raw


def _derived(request: Requested) -> Content:
    why = "The headers speak of words made of data, and there is none that could be read."
    if not bytes(request.data).startswith(b"{"):
        raise refusal(Reason.CONTRADICTION, why)
    try:
        return words_for(request.event_type, request.data)
    except msgspec.DecodeError as error:
        raise refusal(Reason.CONTRADICTION, why) from error


def _content(members: Members) -> Content | None:
    """The words in the body, None for none."""
    try:
        words = _words(members[_CONTENT])
    except (KeyError, msgspec.ValidationError):
        return None
    return (
        Content(text=words) if isinstance(words, str) else Content(**msgspec.structs.asdict(words))
    )


def _to(name: str, members: Members) -> tuple[To, ...]:
    """The recipients in the body; none where there is no list of them."""
    try:
        recipients = _recipients(members[name])
    except (KeyError, msgspec.ValidationError):
        return ()
    return tuple(To(**msgspec.structs.asdict(each)) for each in recipients)
