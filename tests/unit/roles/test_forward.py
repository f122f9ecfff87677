"""What was accepted is handed on together; what the broker never takes ends alone."""

from collections.abc import Sequence
from typing import cast

from sendwell.domain.errors import TooLarge, Unavailable
from sendwell.domain.ids import Node, Position
from sendwell.domain.presets.plain import PRESET
from sendwell.messages.requested import Requested
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.packed import Packer
from sendwell.ports.bus import Bus, Parcel, Stream
from sendwell.ports.journal import Journal
from sendwell.roles.gateway.forward import Forwarder
from sendwell.runtime.backlog import Backlog
from tests.unit.messages.builders import a_request

MOST_BYTES = 1_500
PACKER = Packer(PRESET, secret=None, tasks_by=PRESET)


class Broker:
    """Takes no message over a limit."""

    def __init__(self) -> None:
        self.taken: list[list[str]] = []

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        assert stream.name == "sendwell.accepted"
        if any(len(parcel.body) > MOST_BYTES for parcel in parcels):
            raise TooLarge("That is too much.")
        for parcel in parcels:
            requests = PACKER.open_requests(parcel.body, parcel.headers)
            self.taken.append([request.id for request in requests])


class Kept:
    """A journal, and a backlog, in which another process has left some requests."""

    def __init__(self, requests: Sequence[Requested]) -> None:
        self._requests = requests
        self.forgotten: list[str] = []
        self.marked: list[int] = []
        self.is_away = False

    async def left_by(
        self, _: Node, *, after: Position
    ) -> tuple[Sequence[Requested], Position | None]:
        if after:
            return [], None
        return self._requests, self._requests[-1].position

    def forget(self, requests: Sequence[Requested]) -> None:
        self.forgotten += [request.id for request in requests]

    async def mark(self) -> None:
        self.marked.append(len(self.forgotten))
        if self.is_away:
            raise Unavailable("The database is away.")


def packed(requests: Sequence[Requested]) -> list[Letter]:
    return [PACKER.requests(requests, id_="1")]


async def test_one_that_is_too_large_takes_nobody_with_it() -> None:
    requests = [a_request(id=f"n-{n}", position=Position(n)) for n in range(1, 9)]
    requests[4] = a_request(id="n-5", position=Position(5), event_type="x" * MOST_BYTES)
    broker, kept, buried = Broker(), Kept(requests), list[str]()

    async def give_up(request: Requested, _: Exception) -> None:
        buried.append(request.id)

    forwarder = Forwarder(
        cast("Backlog", kept),
        cast("Journal", kept),
        cast("Bus", broker),
        letters=packed,
        give_up=give_up,
    )
    await forwarder.adopt(Node(1))

    others = [f"n-{n}" for n in range(1, 9) if n != 5]
    assert buried == ["n-5"]
    assert [id_ for ids in broker.taken for id_ in ids] == others == kept.forgotten
    assert max(len(ids) for ids in broker.taken) > 1


async def test_what_was_handed_on_is_not_looked_for_again_after_a_start() -> None:
    requests = [a_request(id=f"n-{n}", position=Position(n)) for n in range(1, 4)]
    kept = Kept(requests)
    kept.is_away = True

    async def give_up(request: Requested, _: Exception) -> None:
        raise AssertionError(request.id)

    forwarder = Forwarder(
        cast("Backlog", kept),
        cast("Journal", kept),
        cast("Bus", Broker()),
        letters=packed,
        give_up=give_up,
    )
    await forwarder.adopt(Node(1))
    await forwarder.adopt(Node(2))

    assert kept.marked[0] == len(requests)
    assert len(kept.forgotten) == 2 * len(requests)
