"""What the receipts role remembers: events it has seen, and receipts that wait."""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Table, delete, func, select

from sendwell.domain.lifecycle import State
from sendwell.messages.receipt import Receipt
from sendwell.ports.database import Database, Unit, Write
from sendwell.ports.deliveries import Found
from sendwell.roles.receipts import hot
from sendwell.roles.receipts.look import SHORT_PATIENCE, Account, Look
from sendwell.roles.receipts.rows import Record, Wait
from sendwell.roles.receipts.tables import RECEIPT, WAITING
from sendwell.runtime.journal.following import forget_following

MOST_WAITING_LONG = 10_000
"""Of one account. What waits by mistake is another's, and nothing else ends that before three days.
"""
_FORGOTTEN_TOGETHER = 500
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Receipt).decode

Event = tuple[str, str]
"""A provider account and the event's id there."""


class ReceiptStore:
    """Receipts on a SQL database."""

    def __init__(self, database: Database, *, most_waiting_long: int = MOST_WAITING_LONG) -> None:
        self._database = database
        self._most_waiting_long = most_waiting_long

    def record(self, look: Look, found: Found | None, state: State | None) -> Unit:
        """The writes that settle a receipt: it is on record, once, and waits no longer."""
        receipt = look.receipt
        row = Record(
            provider=look.provider,
            event_id=receipt.event_id,
            tenant=found.tenant if found else look.tenant,
            position=found.position if found else None,
            part=found.part if found else None,
            said=receipt.said.value,
            code=receipt.code,
            state=state.value if state else None,
            at=receipt.at,
            taken_at=look.taken_at,
        )
        recorded = Write(hot.record, [row])
        return [recorded, Write(hot.release, [look.number])] if look.is_kept else [recorded]

    async def settle(self, look: Look) -> None:
        """It is on record by itself: it is about no delivery. Raises Conflict if it is already."""
        await self._database.commit(self.record(look, None, None))

    def wait(self, look: Look, due: int) -> Unit:
        """The writes that let a receipt wait until `due`."""
        if look.is_kept:
            return [Write(hot.postpone, [(due, look.number)])]
        row = Wait(
            number=look.number,
            provider=look.provider,
            event_id=look.receipt.event_id,
            tenant=look.tenant,
            due=due,
            taken_at=look.taken_at,
            receipt=_encode(look.receipt),
        )
        return [Write(hot.keep, [row])]

    async def release(self, looks: Iterable[Look]) -> None:
        """They wait no longer."""
        await self._database.commit([Write(hot.release, [look.number for look in looks])])

    async def recorded(self, events: Iterable[Event]) -> set[Event]:
        """Those of the events that are settled."""
        return {(row.provider, row.event_id) for row in await self._known(RECEIPT, events)}

    async def waiting(self, events: Iterable[Event]) -> dict[Event, int]:
        """Those of the events that wait, and under which number."""
        rows = await self._known(WAITING, events)
        return {(row.provider, row.event_id): row.number for row in rows}

    async def is_crowded(self, account: Account, *, now: int) -> bool:
        """Whether more of the account's receipts wait than may wait long, those who are new aside.

        Asked for only where one does.
        """
        provider, tenant = account
        theirs = select(WAITING.c.number).where(
            WAITING.c.provider == provider,
            WAITING.c.tenant.is_not_distinct_from(tenant),
            WAITING.c.taken_at <= now - SHORT_PATIENCE,
        )
        some = theirs.limit(self._most_waiting_long + 1).subquery()
        (row,) = await self._database.rows(select(func.count().label("many")).select_from(some))
        return bool(row.many > self._most_waiting_long)

    async def load(self, numbers: Collection[int]) -> list[Look]:
        """These receipts, as far as they still wait."""
        rows = await self._database.rows(select(WAITING).where(WAITING.c.number.in_(numbers)))
        return [_look(row) for row in rows]

    async def due(self, after: tuple[int, int], limit: int) -> list[tuple[int, int]]:
        """(due, number) of the receipts that wait, soonest first, behind `after`."""
        due, number = after
        rows = await self._database.rows(
            select(WAITING.c.due, WAITING.c.number)
            .where((WAITING.c.due > due) | ((WAITING.c.due == due) & (WAITING.c.number > number)))
            .order_by(WAITING.c.due, WAITING.c.number)
            .limit(limit)
        )
        return [(row.due, row.number) for row in rows]

    async def forget(self, before: int) -> int:
        """Forget those of notifications that are kept no longer, and those from before then that
        were about none; gives how many those were.
        """
        forgotten = await forget_following(self._database, RECEIPT, before)
        orphans = (
            select(RECEIPT.c.provider, RECEIPT.c.event_id)
            .where(RECEIPT.c.position.is_(None), RECEIPT.c.taken_at < before)
            .limit(_FORGOTTEN_TOGETHER)
        )
        while rows := await self._database.rows(orphans):
            await self._database.execute(
                *(delete(RECEIPT).where(which) for which in _these(RECEIPT, map(tuple, rows)))
            )
            forgotten += len(rows)
        return forgotten

    async def _known(self, table: Table, events: Iterable[Event]) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        for which in _these(table, events):
            rows += await self._database.rows(select(table).where(which))
        return rows


def _these(table: Table, events: Iterable[Event]) -> list[ColumnElement[bool]]:
    """One condition for each provider, by the index that begins with it."""
    by_provider: dict[str, list[str]] = {}
    for provider, event_id in events:
        by_provider.setdefault(provider, []).append(event_id)
    return [
        (table.c.provider == provider) & table.c.event_id.in_(ids)
        for provider, ids in by_provider.items()
    ]


def _look(row: Row[Any]) -> Look:
    return Look(
        number=row.number,
        provider=row.provider,
        tenant=row.tenant,
        receipt=_decode(row.receipt),
        taken_at=row.taken_at,
        is_kept=True,
    )
