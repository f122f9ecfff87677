"""Parcels as messages of AMQP, and messages as what has arrived."""

import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aiormq.abc import DeliveredMessage
from pamqp.body import ContentBody
from pamqp.frame import marshal

from sendwell.domain.errors import Invalid, TooLarge
from sendwell.ports.bus import Arrived, Parcel, Stream

KEY = "partition-key"
"""The header that a parcel's key travels in; no header of a parcel is called so."""
MOST_BYTES = 16 * 1024 * 1024
"""Of a body. The broker takes 128 MB, and keeps all of it in memory while it does."""

_PERSISTENT = 2
_BASIC = 60
_HEADER_FRAME, _FRAME_END = 2, b"\xce"
_FRAME, _CONTENT = struct.Struct(">BHI").pack, struct.Struct(">HHQH").pack
_MODE_AND_ID, _LONG = struct.Struct(">BB").pack, struct.Struct(">I").pack
_HAS_HEADERS, _HAS_MODE, _HAS_ID = 1 << 13, 1 << 12, 1 << 7
_NAME_BYTES = 128
"""Of a header's name, in AMQP; the driver cuts off the rest."""
_TRIES = "x-delivery-count"
_PROPERTIES = {"content_type": "content-type", "correlation_id": "correlation-id"}
"""Strangers put these into properties of the message, where we have headers."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A parcel ready to be sent: all its frames but the first, which says where it goes."""

    id: str
    frames: bytes


def check(parcel: Parcel) -> None:
    """Raises Invalid for what no broker would take."""
    if len(parcel.body) > MOST_BYTES:
        raise TooLarge(
            f"Parcel {parcel.id} has {len(parcel.body)} bytes; {MOST_BYTES} are the most."
        )
    for name in parcel.headers:
        if len(name.encode(errors="replace")) > _NAME_BYTES:
            raise Invalid(f"Parcel {parcel.id}: header {name} has a name over {_NAME_BYTES} bytes.")


def letter(parcel: Parcel, *, channel: int, most_bytes: int) -> Letter:
    """The parcel's letter, in frames of at most so many bytes. Raises Invalid."""
    headers = {**parcel.headers, KEY: parcel.key} if parcel.key else parcel.headers
    # Without an id, the driver could not tell us that the message came back.
    id_ = parcel.id or uuid.uuid4().hex
    try:
        head = content_header(id_, headers, channel=channel, body_bytes=len(parcel.body))
    except (ValueError, struct.error) as error:
        raise Invalid(f"Parcel {parcel.id}: its id or headers can't be sent: {error}.") from error
    if len(head) > most_bytes:
        raise TooLarge(f"Parcel {parcel.id} has over {most_bytes} bytes of headers.")
    parts = (parcel.body[n : n + most_bytes] for n in range(0, len(parcel.body), most_bytes))
    body = (marshal(ContentBody(part), channel) for part in parts)
    return Letter(id_, b"".join((head, *body)))


def content_header(id_: str, headers: Mapping[str, str], *, channel: int, body_bytes: int) -> bytes:
    """The frame with a persistent message's properties (AMQP 0-9-1, 4.2.6.1). Raises ValueError or
    struct.error for what does not fit.

    By hand, since each message has one: the driver's takes three times as long.
    """
    name = id_.encode()
    table = b"".join([_field(header, value) for header, value in headers.items()])
    told = _LONG(len(table)) + table if table else b""
    properties = told + _MODE_AND_ID(_PERSISTENT, len(name)) + name
    flags = _HAS_ID | _HAS_MODE | (_HAS_HEADERS if table else 0)
    content = _CONTENT(_BASIC, 0, body_bytes, flags) + properties
    return _FRAME(_HEADER_FRAME, channel, len(content)) + content + _FRAME_END


def _field(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return bytes((len(key),)) + key + b"S" + _LONG(len(text)) + text


def arrived(message: DeliveredMessage, stream: Stream, *, place: str) -> Arrived:
    """What was handed out, whoever sent it. Headers that hold no single value are left out."""
    properties = message.header.properties
    table = properties.headers or {}
    headers = {
        header: str(value)
        for name, header in _PROPERTIES.items()
        if (value := getattr(properties, name))
    }
    for name, value in table.items():
        if name not in {KEY, _TRIES} and (text := _text(value)) is not None:
            headers[name] = text
    return Arrived(
        stream=stream,
        id=properties.message_id or "",
        key=_text(table.get(KEY)) or "",
        body=message.body,
        headers=headers,
        place=place,
        tries=_tries(table.get(_TRIES), is_again=bool(message.redelivered)),
        stored_at=_microseconds(properties.timestamp),
    )


def _microseconds(sent_at: object) -> int | None:
    """What the producer says; the broker says nothing."""
    return int(sent_at.timestamp() * 1e6) if isinstance(sent_at, datetime) else None


def _text(value: object) -> str | None:
    match value:
        case str():
            return value
        case bytes() | bytearray():
            return value.decode(errors="replace")
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return None


def _tries(count: object, *, is_again: bool) -> int:
    """Quorum queues count; classic ones say no more than that it was not the first time."""
    return max(count if isinstance(count, int) else 0, int(is_again))
