"""Dead letters that are sent again, and die again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest

from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.errors import Conflict, Invalid, NotFound
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested, TemplateRef, To
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Unit
from sendwell.ports.journal import Entry
from sendwell.ports.tenants import Caller
from sendwell.roles.delivery.letters import DeadLetters, Narrowed
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.scene import Scene
from tests.roles.databases import EITHER, either
from tests.roles.open_among import nothing_open, open_are

ACME = TenantId("acme")
SOMEBODY = Caller(ACME, "somebody")
CLOCK, IDS = SystemClock(), SystemIds()


class Unheard:
    """An audit log that keeps nothing."""

    def recorded(self, _: Deed) -> Unit:
        return []


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request, until=CLOCK.now()) as database:
        yield database


@pytest.fixture
async def journal(database: Database) -> SqlJournal:
    journal = SqlJournal(
        database, idempotency_window=timedelta(hours=24), receipts_by_reference=frozenset()
    )
    await journal.start()
    return journal


async def accepted(journal: SqlJournal, template: TemplateRef | None = None) -> Requested:
    request = Requested(
        id=NotificationId(IDS.notification()),
        tenant=ACME,
        position=Position(IDS.position()),
        accepted_at=CLOCK.now(),
        event_type="lost",
        lane=2,
        to=(To(user_id=UserId("ada")),),
        template=template,
    )
    await journal.accept([Entry(request)])
    return request


def died(request: Requested, part: str) -> Dead:
    return Dead(
        tenant=ACME,
        position=request.position,
        notification=request.id,
        part=part,
        channel=ChannelName("email"),
        event_type=request.event_type,
        lane=request.lane,
        cause="bad_address",
        code=None,
        text=None,
        provider=None,
        attempt=1,
        at=CLOCK.now(),
    )


class Sender:
    """Takes tasks as the delivery role does: counted with the commit, sent from after it.

    `meanwhile` happens once, between the first replay's look at what is dead and its commit.
    """

    def __init__(self, journal: SqlJournal) -> None:
        self._journal = journal
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.sent: list[str] = []

    async def on_tasks(self, tasks: Sequence[Task], scene: Scene) -> Sequence[Dead]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        scene.write(self._journal.planned({ACME: len(tasks)}))
        scene.after_commit(
            lambda: self.sent.extend(f"{task.request.id}.{task.part}" for task in tasks)
        )
        return ()


def dead_letters(database: Database, journal: SqlJournal, flow: Flow) -> DeadLetters:
    return DeadLetters(
        database,
        journal,
        flow=flow,
        audit=Unheard(),
        channels=all_channels(),
        work=DeliveryStore(database, journal),
    )


async def house(
    database: Database, journal: SqlJournal, count: int
) -> tuple[DeadLetters, Sender, list[Requested]]:
    """So many dead letters, who replays them, and who sends them then."""
    flow, sender = Flow(database, CLOCK), Sender(journal)
    letters = dead_letters(database, journal, flow)
    flow.listen(Dead, letters.on_dead)
    flow.listen(Task, sender.on_tasks)
    requests = [await accepted(journal) for _ in range(count)]
    await flow.run([died(request, "0.email") for request in requests])
    return letters, sender, requests


async def planned(database: Database) -> int:
    count, _ = await SqlRecords(database).counts(ACME)
    return count


async def test_a_dead_letter_that_two_replay_at_the_same_moment_is_sent_once(
    database: Database, journal: SqlJournal
) -> None:
    letters, sender, (request,) = await house(database, journal, 1)
    (letter,) = await letters.page(ACME, Narrowed(), before=None, limit=10)
    sender.meanwhile = partial(letters.replay, SOMEBODY, letter.id, CLOCK.now())

    with pytest.raises(Conflict, match=r"was replayed already, as 0\.email\.r1"):
        await letters.replay(SOMEBODY, letter.id, CLOCK.now())

    assert [f"{request.id}.0.email.r1"] == sender.sent
    assert await planned(database) == 1


async def test_what_others_replay_meanwhile_is_passed_over_when_all_are(
    database: Database, journal: SqlJournal
) -> None:
    letters, sender, requests = await house(database, journal, 3)
    second = (await letters.page(ACME, Narrowed(), before=None, limit=10))[1]
    sender.meanwhile = partial(letters.replay, SOMEBODY, second.id, CLOCK.now())

    async with asyncio.timeout(10):
        count, _ = await letters.replay_all(
            SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=10_000
        )

    assert count == 2
    assert sorted(f"{request.id}.0.email.r1" for request in requests) == sorted(sender.sent)
    assert await planned(database) == 3


async def test_two_who_replay_all_at_the_same_moment_send_each_once(
    database: Database, journal: SqlJournal
) -> None:
    letters, sender, requests = await house(database, journal, 3)
    counts: list[int] = []

    async def replay_all() -> None:
        now = CLOCK.now()
        done = await letters.replay_all(SOMEBODY, Narrowed(), now, rate_per_second=10_000)
        counts.append(done.replayed)

    sender.meanwhile = replay_all
    async with asyncio.timeout(10):
        await replay_all()

    assert counts == [3, 0]
    assert sorted(f"{request.id}.0.email.r1" for request in requests) == sorted(sender.sent)


async def test_what_is_no_longer_kept_cannot_be_replayed(
    database: Database, journal: SqlJournal
) -> None:
    letters, sender, _ = await house(database, journal, 1)
    (letter,) = await letters.page(ACME, Narrowed(), before=None, limit=10)
    await journal.forget_before(CLOCK.now() + 1_000, open_among=nothing_open)

    with pytest.raises(NotFound, match="no longer kept"):
        await letters.replay(SOMEBODY, letter.id, CLOCK.now())

    (letter,) = await letters.page(ACME, Narrowed(), before=None, limit=10)
    assert (letter.replayed_as, sender.sent) == (None, [])


async def test_of_all_that_match_those_are_replayed_that_are_still_kept(
    database: Database, journal: SqlJournal
) -> None:
    letters, sender, (_, middle, last) = await house(database, journal, 3)
    kept = open_are(middle.position, last.position)
    await journal.forget_before(CLOCK.now() + 1_000, open_among=kept)

    count, _ = await letters.replay_all(SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=10_000)

    page = await letters.page(ACME, Narrowed(), before=None, limit=10)
    assert count == 2
    assert sorted(f"{kept.id}.0.email.r1" for kept in (middle, last)) == sorted(sender.sent)
    assert [letter.replayed_as for letter in page] == ["0.email.r1", "0.email.r1", None]


async def test_what_would_go_out_more_than_a_year_from_now_is_not_replayed(
    database: Database, journal: SqlJournal
) -> None:
    letters, sender, _ = await house(database, journal, 3)
    a_year = 365 * 86_400
    in_time, too_late = 2 / a_year, 1.99 / a_year

    with pytest.raises(Invalid, match=r"Use 0\.001 or more") as refusal:
        await letters.replay_all(SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=too_late)
    nothing = list(sender.sent)
    count, _ = await letters.replay_all(SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=in_time)

    assert ["/rate_per_second"] == [flaw.pointer for flaw in refusal.value.flaws]
    assert (nothing, count) == ([], 3)


async def test_what_dies_again_while_all_are_replayed_is_not_replayed_once_more(
    database: Database, journal: SqlJournal
) -> None:
    flow = Flow(database, CLOCK)
    letters = dead_letters(database, journal, flow)

    async def dies_at_once(tasks: Sequence[Task], _: Scene) -> Sequence[Dead]:
        return [died(task.request, task.part) for task in tasks]

    flow.listen(Dead, letters.on_dead)
    flow.listen(Task, dies_at_once)
    await flow.run([died(await accepted(journal), "0.email") for _ in range(3)])

    async with asyncio.timeout(10):
        count, _ = await letters.replay_all(
            SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=10_000
        )

    page = await letters.page(ACME, Narrowed(), before=None, limit=100)
    assert count == 3
    assert sorted(letter.part for letter in page) == ["0.email"] * 3 + ["0.email.r1"] * 3


async def test_what_waits_for_its_replay_says_whom_it_is_for(
    database: Database, journal: SqlJournal
) -> None:
    flow, said = Flow(database, CLOCK), list[Status]()
    letters = dead_letters(database, journal, flow)

    async def hear(statuses: Sequence[Status], _: Scene) -> Sequence[Dead]:
        said.extend(statuses)
        return ()

    flow.listen(Dead, letters.on_dead)
    flow.listen(Status, hear)
    await flow.run([died(await accepted(journal), "0.email") for _ in range(2)])

    await letters.replay_all(SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=1)

    assert ["ada"] == [status.user_id for status in said]


@pytest.mark.parametrize("asked_for", [2, None], ids=["a version", "what is published"])
async def test_a_replay_goes_by_the_template_version_that_was_asked_for(
    database: Database, journal: SqlJournal, asked_for: int | None
) -> None:
    flow, heard = Flow(database, CLOCK), list[Task]()
    letters = dead_letters(database, journal, flow)

    async def hear(tasks: Sequence[Task], _: Scene) -> Sequence[Dead]:
        heard.extend(tasks)
        return ()

    flow.listen(Dead, letters.on_dead)
    flow.listen(Task, hear)
    request = await accepted(journal, TemplateRef("terms", asked_for))
    await flow.run([died(request, "0.email")])

    await letters.replay_all(SOMEBODY, Narrowed(), CLOCK.now(), rate_per_second=10_000)

    assert [asked_for] == [task.template_version for task in heard]
