"""Parcels as messages of AMQP, and messages as what has arrived."""

import struct
import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aiormq.abc import DeliveredMessage
from pamqp.body import ContentBody
from pamqp.commands import Basic
from pamqp.common import FieldValue
from pamqp.frame import marshal
from pamqp.header import ContentHeader

from sendwell.domain.errors import Invalid, TooLarge
from sendwell.ports.bus import Arrived, Parcel, Stream

KEY = "partition-key"
"""The header that a parcel's key travels in; no header of a parcel is called so."""
MOST_BYTES = 16 * 1024 * 1024
"""Of a body. The broker takes 128 MB, and keeps all of it in memory while it does."""

_PERSISTENT = 2
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
    headers: dict[str, FieldValue] = {**parcel.headers}
    if parcel.key:
        headers[KEY] = parcel.key
    properties = Basic.Properties(
        # Without an id, the driver could not tell us that the message came back.
        message_id=parcel.id or uuid.uuid4().hex,
        delivery_mode=_PERSISTENT,
        headers=headers or None,
    )
    try:
        head = marshal(ContentHeader(body_size=len(parcel.body), properties=properties), channel)
    except (ValueError, TypeError, struct.error) as error:
        raise Invalid(f"Parcel {parcel.id}: its id or headers can't be sent: {error}.") from error
    if len(head) > most_bytes:
        raise TooLarge(f"Parcel {parcel.id} has over {most_bytes} bytes of headers.")
    parts = (parcel.body[n : n + most_bytes] for n in range(0, len(parcel.body), most_bytes))
    body = (marshal(ContentBody(part), channel) for part in parts)
    return Letter(str(properties.message_id), b"".join((head, *body)))


def arrived(message: DeliveredMessage, stream: Stream, queue: str) -> Arrived:
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
        place=f"{queue}@{message.delivery_tag}",
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
