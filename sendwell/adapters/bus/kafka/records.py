"""How a parcel lies in a topic: its key is the key, its id the header `message-id`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Message

from sendwell.ports.bus import Arrived, Parcel, Stream

ID = "message-id"

Place = tuple[str, int]
"""Topic and partition."""


class Record(NamedTuple):
    """A parcel that was read, and its number in its partition."""

    place: Place
    offset: int
    arrived: Arrived

    def again(self) -> "Record":
        """The same, to be handed out once more."""
        return self._replace(arrived=replace(self.arrived, tries=self.arrived.tries + 1))


def headers(parcel: Parcel) -> list[tuple[str, str | bytes | None]]:
    """The headers that it travels with. The id is always the parcel's own."""
    found: list[tuple[str, str | bytes | None]] = [
        (name, value) for name, value in parcel.headers.items() if name != ID
    ]
    if parcel.id:
        found.append((ID, parcel.id))
    return found


def key(parcel: Parcel) -> bytes | None:
    """None spreads those without a key over all partitions."""
    return parcel.key.encode() or None


def record(message: Message, streams: Mapping[str, Stream]) -> Record:
    """What was read, whoever wrote it; what is no UTF-8 in its key and headers is replaced."""
    # What each that was read has, although the driver's types have it otherwise.
    place = topic, partition = cast("Place", (message.topic(), message.partition()))
    offset = cast("int", message.offset())
    headers = cast("list[tuple[str, bytes | None]]", message.headers() or ())
    found = {name: _text(value) for name, value in headers}
    arrived = Arrived(
        stream=streams[topic],
        id=found.pop(ID, ""),
        key=_text(message.key()),
        body=message.value() or b"",
        headers=found,
        place=f"{topic}/{partition}@{offset}",
        stored_at=_stored_at(message),
    )
    return Record(place, offset, arrived)


def _stored_at(message: Message) -> int | None:
    """The topic's settings decide whether that is the broker's time or the producer's."""
    kind, milliseconds = message.timestamp()
    return None if kind == TIMESTAMP_NOT_AVAILABLE else milliseconds * 1_000


def _text(value: bytes | None) -> str:
    return value.decode(errors="replace") if value else ""
