"""Intake while the disk takes its time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.errors import Conflict, Invalid
from sendwell.domain.ids import Position, TenantId
from sendwell.domain.policy import Policy
from sendwell.domain.template import TemplateVersion
from sendwell.ports.journal import Acceptance, Entry
from sendwell.ports.tenants import Caller
from sendwell.roles.gateway.request import Builder, Origin
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.gateway.subscribers import Subscribers
from sendwell.roles.gateway.templates import TemplateCheck
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.journal import tables
from sendwell.runtime.journal.journal import SqlJournal

ORIGIN = Origin(TenantId("acme"))
BODY = msgspec.json.encode({"to": {"email": "ada@example.org"}, "content": "Hello"})
OTHER_BODY = msgspec.json.encode({"to": {"email": "ada@example.org"}, "content": "Good-bye"})
TEMPLATE_BODY = msgspec.json.encode({"to": {"email": "ada@example.org"}, "template": "new"})


class OneTenant:
    async def caller(self, key: str) -> Caller:
        return Caller(ORIGIN.tenant, key)

    def policy(self, _: TenantId) -> Policy:
        return Policy()


class NoTemplates:
    """Nobody has published any; whoever asks waits until `goes_on` is set."""

    goes_on: asyncio.Event

    async def version(self, *_: object) -> TemplateVersion | None:
        await self.goes_on.wait()
        return None

    def flaws(self, *_: object) -> list[object]:
        return []


class SlowJournal(SqlJournal):
    """A journal whose commits wait until `goes_on` is set."""

    goes_on: asyncio.Event

    async def accept(
        self, entries: Sequence[Entry], *, is_urgent: bool = False
    ) -> Sequence[Acceptance]:
        await self.goes_on.wait()
        return await super().accept(entries, is_urgent=is_urgent)


class House(NamedTuple):
    """A gateway with what it stands on."""

    gateway: Gateway
    journal: SlowJournal
    templates: NoTemplates
    database: SqliteDatabase


@asynccontextmanager
async def a_gateway(folder: Path) -> AsyncIterator[House]:
    database = SqliteDatabase(folder / "test.db")
    tables.METADATA.create_all(database.engine)
    journal, templates = a_journal(database), NoTemplates()
    journal.goes_on, templates.goes_on = asyncio.Event(), asyncio.Event()
    clock, ids = SystemClock(), SystemIds(await journal.start())
    gateway = Gateway(
        Builder(all_channels(), clock=clock, ids=ids),
        journal,
        Backlog(journal, nobody_planned),
        ids,
        tenants=OneTenant(),
        subscribers=Subscribers(Users(UserStore(database), clock=clock)),
        templates=TemplateCheck(templates),  # type: ignore[arg-type]
        patience_seconds=0.05,
    )
    working = asyncio.create_task(gateway.run())
    try:
        yield House(gateway, journal, templates, database)
    finally:
        journal.goes_on.set()
        gateway.close()
        await working
        await database.close()


def a_journal(database: SqliteDatabase) -> SlowJournal:
    return SlowJournal(
        database, idempotency_window=timedelta(days=1), receipts_by_reference=frozenset()
    )


async def nobody_planned(_: Sequence[Position]) -> Sequence[Position]:
    return ()


async def test_a_key_whose_request_is_still_running_is_told_so_and_gets_its_answer_later(
    tmp_path: Path,
) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, *_):
        with pytest.raises(Conflict) as refused:
            await gateway.accept(BODY, ORIGIN, key="k-1")
        journal.goes_on.set()
        again = await gateway.accept(BODY, ORIGIN, key="k-1")

    assert refused.value.code == "still_running"
    assert again.is_duplicate


async def test_every_key_that_waits_is_told_in_its_own_time(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as (gateway, *_):
        first = asyncio.create_task(gateway.accept(BODY, ORIGIN, key="k-1"))
        await asyncio.wait([first])
        others = [asyncio.create_task(gateway.accept(BODY, ORIGIN, key=f"k-{n}")) for n in (2, 3)]
        await asyncio.wait(others)

    told = [task.exception() for task in (first, *others)]
    assert [isinstance(error, Conflict) for error in told] == [True, True, True]


async def test_without_a_key_a_request_waits_as_long_as_it_takes(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, *_):
        keyless = asyncio.create_task(gateway.accept(BODY, ORIGIN))
        with pytest.raises(Conflict):
            await gateway.accept(BODY, ORIGIN, key="k-1")
        is_waiting = not keyless.done()
        journal.goes_on.set()
        answer = await keyless

    assert is_waiting
    assert answer.id
    assert not answer.is_duplicate


async def test_what_waited_for_its_template_is_found_after_a_crash_although_later_ones_are_planned(
    tmp_path: Path,
) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, templates, database):
        journal.goes_on.set()
        slow = asyncio.create_task(gateway.accept(TEMPLATE_BODY, ORIGIN))
        await asyncio.sleep(0)
        fast = await gateway.accept(BODY, ORIGIN)
        (planned,) = await journal.unplanned(after=Position(0), limit=10)
        assert planned.id == fast.id
        journal.forget([planned])
        templates.goes_on.set()
        accepted = await slow
        await database.commit(journal.planned({ORIGIN.tenant: 1}))

        reopened = a_journal(database)
        await reopened.start()
        left = await reopened.unplanned(after=Position(0), limit=10)

    assert [request.id for request in left] == [accepted.id]


async def test_a_refusal_keeps_nothing_of_the_calls_that_heard_it(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as (gateway, journal, *_):
        journal.goes_on.set()
        await gateway.accept(BODY, ORIGIN, key="k-1")
        heard = []
        for _ in range(2):
            with pytest.raises(Invalid) as refused:
                await gateway.accept(OTHER_BODY, ORIGIN, key="k-1")
            heard.append(refused.value)

    assert [refusal.code for refusal in heard] == ["idempotency_key_reused"] * 2
    assert heard[0] is not heard[1]
