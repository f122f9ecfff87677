"""A gateway whose journal and templates can be made to wait, on an embedded database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemIds
from sendwell.channels import all_channels
from sendwell.domain.ids import Position, TenantId
from sendwell.domain.policy import Policy
from sendwell.domain.template import TemplateVersion
from sendwell.messages.wire.originals import Originals
from sendwell.ports.journal import Acceptance, Entry
from sendwell.ports.tenants import Caller
from sendwell.roles.gateway.request import Builder, Origin
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.gateway.subscribers import Subscribers
from sendwell.roles.gateway.templates import TemplateCheck
from sendwell.roles.users import tables as users_tables
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.journal import tables
from sendwell.runtime.journal.journal import SqlJournal
from tests.roles.patient_clock import PatientClock

ORIGIN = Origin(TenantId("acme"))
BODY = msgspec.json.encode({"to": {"email": "ada@example.org"}, "content": "Hello"})


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
    clock: PatientClock


@asynccontextmanager
async def a_gateway(
    folder: Path, *, originals: Originals | None = None, patience_seconds: float = 0.05
) -> AsyncIterator[House]:
    database = SqliteDatabase(folder / "test.db")
    for metadata in (tables.METADATA, users_tables.METADATA):
        metadata.create_all(database.engine)
    journal, templates = a_journal(database), NoTemplates()
    journal.goes_on, templates.goes_on = asyncio.Event(), asyncio.Event()
    clock, ids = PatientClock(), SystemIds(await journal.start())
    gateway = Gateway(
        Builder(all_channels(), clock=clock, ids=ids),
        journal,
        Backlog(journal, nobody_planned),
        ids,
        tenants=OneTenant(),
        subscribers=Subscribers(Users(UserStore(database), clock=clock)),
        templates=TemplateCheck(templates),  # type: ignore[arg-type]
        originals=originals,
        patience_seconds=patience_seconds,
    )
    working = asyncio.create_task(gateway.run())
    try:
        yield House(gateway, journal, templates, database, clock)
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
