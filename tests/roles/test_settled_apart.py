"""What comes of sends goes on record, whatever else cannot: nobody waits for another's trouble."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select
from structlog.testing import capture_logs

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Refused
from sendwell.domain.suppression import Source
from sendwell.messages.status import Status
from sendwell.ports.database import Write
from sendwell.roles.delivery.events import Sent
from sendwell.roles.delivery.tables import DEAD_LETTER, WORK
from sendwell.runtime.flow import Message
from sendwell.runtime.journal.tables import OUTCOME
from sendwell.runtime.scene import Scene
from tests.roles.delivery_house import ACME, CLOCK, EMAIL, House, a_house

GONE = Refused(Fault("550", "There is no such person.", Blame.ADDRESS))
BEFORE, AFTER = "before@example.org", "after@example.org"
MAILS = [f"ada-{number}@example.org" for number in range(40)]
BAD = "bad@example.org"
FAR_TOO_LONG = "x" * 1_000


class List:
    """The users role's list, which is elsewhere: it may be away, or refuse an address."""

    is_away = False
    refuses = ""

    def __init__(self) -> None:
        self.known: list[str] = []

    async def suppress(
        self,
        tenant: TenantId,
        channel: ChannelName,
        *,
        address: str,
        reason: str,
        at: int,
        source: Source = Source.GONE,
    ) -> None:
        assert (tenant, channel, reason, source) == (ACME, EMAIL, "address_gone", Source.GONE)
        assert at > 0
        if self.is_away:
            raise Unavailable("The users role does not answer.")
        if address == self.refuses:
            raise RuntimeError("a defect")
        self.known.append(address)


@pytest.fixture
def elsewhere() -> List:
    return List()


@pytest.fixture
async def house(tmp_path: Path, elsewhere: List) -> AsyncIterator[House]:
    async with a_house(tmp_path, elsewhere) as house:
        house.vendors[EMAIL].answers[BAD] = GONE
        yield house


class Narrow:
    """A database, as PostgreSQL is one, that takes no code of more than a hundred characters."""

    tries = 0

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        def check(_: Connection, codes: Sequence[str | None]) -> None:
            self.tries += 1
            if any(len(code) > 100 for code in codes if code):
                raise ValueError("value too long for type character varying(100)")

        scene.write([Write(check, [status.code for status in batch])])
        return ()


async def test_while_the_list_is_away_others_go_on_record(house: House, elsewhere: List) -> None:
    """The one whose address is gone waits for the list: were it on record first, and we died, its
    address would never get there. So on disk it stays in our hands.
    """
    elsewhere.is_away = True

    async with house.at_work():
        tasks = await house.plan(BEFORE, BAD, *MAILS, AFTER)
        ends = await house.ends(tasks[:1] + tasks[2:])
        meanwhile = await house.open()
        elsewhere.is_away = False
        all_ends = await house.ends(tasks)

    assert (42, {"SENT"}) == (len(ends), {*ends.values()})
    assert [State.PROCESSING] == meanwhile
    assert {**ends, BAD: "DEAD"} == all_ends
    assert [BAD] == elsewhere.known


async def test_what_the_list_never_takes_goes_on_record_all_the_same(
    house: House, elsewhere: List
) -> None:
    elsewhere.refuses = BAD

    async with house.at_work():
        tasks = await house.plan(BEFORE, BAD)

        assert {BEFORE: "SENT", BAD: "DEAD"} == await house.ends(tasks)


async def test_what_no_database_takes_ends_alone_and_without_the_providers_words(
    house: House,
) -> None:
    narrow = Narrow()
    house.flow.listen(Status, narrow.on_status)
    house.vendors[EMAIL].answers[BAD] = Refused(Fault(FAR_TOO_LONG, "No.", Blame.CONTENT))

    async with house.at_work():
        tasks = await house.plan(BEFORE, BAD, *MAILS, AFTER)
        ends = await house.ends(tasks)

    letters = await house.database.rows(select(DEAD_LETTER.c.code))
    assert "DEAD" == ends.pop(BAD)
    assert (42, {"SENT"}) == (len(ends), {*ends.values()})
    assert ["us.unstorable"] == [letter.code for letter in letters]
    assert narrow.tries < 20


async def test_what_waits_for_its_next_attempt_does_so_in_our_words(house: House) -> None:
    house.flow.listen(Status, Narrow().on_status)
    later = Deferred(Fault(FAR_TOO_LONG, "Not now."), timedelta(hours=1))
    house.vendors[EMAIL].answers[BAD] = later

    async with house.at_work():
        await house.plan(BAD)
        async with asyncio.timeout(10):
            while [State.RETRYING] != await house.open():
                await asyncio.sleep(0.01)

    assert [("us.unstorable",)] == await house.database.rows(select(WORK.c.reason))


async def test_what_others_must_plan_anew_waits_for_them_alone(house: House) -> None:
    """Where the next channel is planned somebody is asked who may be away."""
    is_away = True

    async def plan_next(batch: Sequence[Status], _: Scene) -> Sequence[Message]:
        if is_away and any(status.state is State.DEAD for status in batch):
            raise Unavailable("The users role does not answer.")
        return ()

    house.flow.listen(Status, plan_next)
    house.vendors[EMAIL].answers[BAD] = Refused(Fault("500", "No.", Blame.CONTENT))

    with capture_logs() as lines:
        async with house.at_work():
            tasks = await house.plan(BEFORE, BAD, *MAILS, AFTER)
            ends = await house.ends(tasks[:1] + tasks[2:])
            await asyncio.sleep(1.2)  # it is tried twice a second
            is_away = False
            all_ends = await house.ends(tasks)

    told = [line["event"] for line in lines]
    assert told == ["delivery.settling_waits", "delivery.settling_goes_on"]
    assert {"SENT"} == {*ends.values()}
    assert {**ends, BAD: "DEAD"} == all_ends


async def test_what_cannot_go_on_record_at_all_is_tried_until_it_can(house: House) -> None:
    broken: set[int] = set()

    async def on_status(batch: Sequence[Status], _: Scene) -> Sequence[Message]:
        if any(status.position in broken for status in batch):
            raise RuntimeError("a defect")
        return ()

    house.flow.listen(Status, on_status)
    house.vendors[EMAIL].is_free.clear()

    async with house.at_work():
        tasks = await house.plan(BEFORE, AFTER, *MAILS)
        broken.add(tasks[1].request.position)
        house.vendors[EMAIL].is_free.set()
        ends = await house.ends(tasks[:1] + tasks[2:])
        broken.clear()
        all_ends = await house.ends(tasks)

    assert (41, {"SENT"}) == (len(ends), {*ends.values()})
    assert {**ends, AFTER: "SENT"} == all_ends
    references = await house.database.rows(select(OUTCOME.c.reference))
    assert all(row.reference for row in references)


async def test_what_contradicts_its_delivery_takes_nobody_with_it(house: House) -> None:
    """It has been cancelled, and is said to have been sent."""
    tasks = await house.leave(BEFORE, AFTER)
    for task, state in zip(tasks, (State.CANCELLED, State.PROCESSING), strict=True):
        task.state = state

    async with house.at_work():
        house.settler.put([Sent(task, Accepted("1"), at=CLOCK.now()) for task in tasks])

        assert {AFTER: "SENT"} == await house.ends(tasks[1:])
