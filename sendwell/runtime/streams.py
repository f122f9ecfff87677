"""From a preset's names to the bus and back."""

from collections.abc import Iterable
from functools import lru_cache

from sendwell.domain.presets.naming import PhysicalName, Share
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Arrived, Parcel, Routing, Stream


@lru_cache(maxsize=4_096)
def stream_of(physical: PhysicalName) -> Stream:
    """The stream to publish to and to consume from."""
    return _stream(physical, physical.name)


def streams_to_declare(physical: PhysicalName) -> list[Stream]:
    """The stream, and its queue once more for each further routing key that leads there."""
    return [_stream(physical, key) for key in (physical.name, *physical.also)]


def parcel_of(letter: Letter) -> Parcel:
    """The letter, to be published to `stream_of(letter.stream)`."""
    return Parcel(letter.id, letter.key, letter.body, letter.headers)


def by_stream(letters: Iterable[Letter]) -> dict[Stream, list[Parcel]]:
    """The letters as parcels, each stream's in their order."""
    streams: dict[Stream, list[Parcel]] = {}
    for letter in letters:
        streams.setdefault(stream_of(letter.stream), []).append(parcel_of(letter))
    return streams


def incoming_of(arrived: Arrived, share: Share) -> Incoming:
    """What has arrived by the stream of that share."""
    return Incoming(arrived.body, arrived.headers, arrived.id, share, arrived.stored_at)


def _stream(physical: PhysicalName, key: str) -> Stream:
    routing = Routing(physical.kind.value)
    return Stream(key, physical.exchange, routing, physical.queue, physical.is_event)
