from sendwell.channels import all_channels
from sendwell.domain.ids import ChannelName
from sendwell.domain.presets import PRESETS
from sendwell.domain.presets.naming import ExchangeKind, PhysicalName, Share
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Arrived, Parcel, Routing, Stream
from sendwell.runtime.streams import incoming_of, parcel_of, stream_of, streams_to_declare

EMAIL = Share(ChannelName("email"))
QUEUE = PRESETS["direct"].physical(LogicalStream.TASK, EMAIL)


def test_a_physical_name_is_a_stream_of_the_bus() -> None:
    expected = Stream("email", "notifications.direct", Routing.DIRECT, "email.queue")

    assert expected == stream_of(QUEUE)


def test_only_what_nobody_has_to_hear_is_an_event_for_the_bus() -> None:
    events = {
        logical
        for preset in PRESETS.values()
        for logical in preset.namings
        for share in preset.shares(logical, all_channels().values())
        if stream_of(preset.physical(logical, share)).is_event
    }

    assert events == {LogicalStream.STATUS, LogicalStream.RETRY}


def test_every_way_into_a_queue_is_declared() -> None:
    assert [stream.name for stream in streams_to_declare(QUEUE)] == ["email", "email.queue"]
    assert {stream.queue for stream in streams_to_declare(QUEUE)} == {"email.queue"}


def test_both_know_the_same_kinds_of_exchange() -> None:
    assert {kind.value for kind in ExchangeKind} == {routing.value for routing in Routing}


def test_a_letter_is_published_as_it_is() -> None:
    letter = Letter(PhysicalName("a", "b"), "id", "key", b"body", {"name": "value"})

    assert Parcel("id", "key", b"body", {"name": "value"}) == parcel_of(letter)


def test_what_arrives_is_read_with_what_its_stream_says() -> None:
    stream = stream_of(QUEUE)
    arrived = Arrived(stream, "m-1", "", b"{}", {"a": "b"}, "email.queue", stored_at=7)

    incoming = incoming_of(arrived, EMAIL)

    assert (incoming.body, incoming.headers, incoming.id) == (b"{}", {"a": "b"}, "m-1")
    assert (incoming.share, incoming.stored_at) == (EMAIL, 7)
