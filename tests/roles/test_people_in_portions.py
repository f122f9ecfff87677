"""However many people a plan is about, the service that has them is asked for what it can tell."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest
from structlog.testing import capture_logs

from sendwell.adapters.http import HttpClient, Limits, Trusted
from sendwell.adapters.peers.answers import Means
from sendwell.adapters.peers.directory import RemoteDirectory
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.ports.questions import (
    PEOPLE,
    AskPeople,
    AskSuppressed,
    PeopleFound,
    SuppressedFound,
)
from tests.conformance.http_server import Talk, ok, serving

CLOCK = SystemClock()
ACME, EMAIL = TenantId("acme"), ChannelName("email")
AT_ONCE = 1_000
MANY = 2 * AT_ONCE + 500


@dataclass
class House:
    """A users service, and another one that asks it."""

    directory: RemoteDirectory
    asked: list[int] = field(default_factory=list)
    """Of how many at once."""

    async def find(self, what: str, count: int) -> Collection[object]:
        if what == "people":
            return await self.directory.people(ACME, [UserId(f"u{n}") for n in range(count)])
        return await self.directory.suppressed(ACME, [(EMAIL, f"u{n}") for n in range(count)])


@asynccontextmanager
async def a_house(
    *, body_size: int = 1 << 24, name: Callable[[UserId], str] = str
) -> AsyncIterator[House]:
    """Answers are cut at that size; each person's address is what `name` says."""

    async def answer(talk: Talk) -> None:
        while request := await talk.hear():
            head, _, body = request.partition(b"\r\n\r\n")
            found = people(body) if PEOPLE.path.encode() in head else suppressed(body)
            await talk.say(ok(msgspec.json.encode(found)))

    def people(body: bytes) -> PeopleFound:
        users = msgspec.json.decode(body, type=AskPeople).users
        house.asked.append(len(users))
        return PeopleFound([Person(user, {EMAIL: {0: name(user)}}) for user in users])

    def suppressed(body: bytes) -> SuppressedFound:
        addresses = msgspec.json.decode(body, type=AskSuppressed).addresses
        house.asked.append(len(addresses))
        return SuppressedFound([(*each, "bounced") for each in addresses])

    async with serving(answer) as server:
        http = HttpClient(policy=Trusted(), clock=CLOCK, limits=Limits(body_size=body_size))
        peer = Peer("users", f"http://127.0.0.1:{server.port}", http=http, token="", clock=CLOCK)
        house = House(RemoteDirectory(peer, Means(CLOCK)))
        yield house
        await http.close()


@pytest.mark.parametrize("what", ["people", "suppressions"])
async def test_many_are_asked_for_in_portions(what: str) -> None:
    async with a_house() as house:
        found = await house.find(what, MANY)

    assert MANY == len(found)
    assert [AT_ONCE, AT_ONCE, MANY - 2 * AT_ONCE] == house.asked


async def test_a_portion_that_makes_too_long_an_answer_is_asked_for_in_halves() -> None:
    async with a_house(body_size=64 * AT_ONCE, name=lambda user: f"{user:>100}") as house:
        found = await house.find("people", AT_ONCE)

    assert AT_ONCE == len(found)
    assert [AT_ONCE, AT_ONCE // 2, AT_ONCE // 4, AT_ONCE // 4] == house.asked[:4]


async def test_an_answer_that_is_too_long_for_one_alone_is_told_as_such() -> None:
    async with a_house(body_size=100, name=lambda user: f"{user:>200}") as house:
        with capture_logs() as lines, pytest.raises(Unavailable, match="longer than is taken"):
            await house.find("people", 1)

    (line,) = lines
    assert ("peer.unavailable", "its answer is longer than is taken") == (
        line["event"],
        line["why"],
    )
