"""The read side of the journal on a SQL database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select

from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages import requested as codec
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.ports.journal import Filter, Stretch
from sendwell.runtime.journal.narrowing import Sought, end_of, newest, of_records
from sendwell.runtime.journal.tables import HISTORY, OUTCOME, REFERENCE, REQUESTED, TALLY
from sendwell.runtime.portion import fitting

_STRETCH = 20_000
"""Rows that a list is sought among at once: about 30 ms on SQLite, 0.3 s for ten times as many."""


class SqlRecords:
    """See the port."""

    def __init__(self, database: Database, *, stretch: int = _STRETCH) -> None:
        self._database = database
        self._stretch = stretch

    async def find(self, tenant: TenantId, notification: NotificationId) -> Requested | None:
        rows = await self._database.rows(
            select(REQUESTED.c.body).where(
                REQUESTED.c.tenant == tenant, REQUESTED.c.id == notification
            )
        )
        return codec.decode(rows[0].body) if rows else None

    async def positions(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> Stretch:
        sought = Sought(tenant, narrowed, before)
        down_to = await end_of(self._database, sought, stretch=self._stretch)
        questions = of_records(sought._replace(down_to=down_to))
        return Stretch(await newest(self._database, questions, limit), down_to)

    async def at(self, tenant: TenantId, positions: Sequence[Position]) -> Sequence[Requested]:
        newest_first = REQUESTED.c.position.desc()
        theirs = REQUESTED.c.tenant == tenant
        # Neither database reads a body to tell its length.
        sizes = await self._database.rows(
            select(REQUESTED.c.position, func.length(REQUESTED.c.body).label("size"))
            .where(theirs, REQUESTED.c.position.in_(positions))
            .order_by(newest_first)
        )
        taken = fitting(sizes, lambda row: row.size)
        rows = await self._database.rows(
            select(REQUESTED.c.body)
            .where(theirs, REQUESTED.c.position.in_([row.position for row in taken]))
            .order_by(newest_first)
        )
        return [codec.decode(row.body) for row in rows]

    async def outcomes(self, tenant: TenantId, positions: Sequence[Position]) -> Sequence[Status]:
        rows = await self._database.rows(
            select(OUTCOME).where(OUTCOME.c.tenant == tenant, OUTCOME.c.position.in_(positions))
        )
        return [_ended(row) for row in rows]

    async def moves(self, tenant: TenantId, position: Position) -> Sequence[Status]:
        rows = await self._database.rows(
            select(HISTORY)
            .where(HISTORY.c.tenant == tenant, HISTORY.c.position == position)
            .order_by(HISTORY.c.number)
        )
        return [_moved(row) for row in rows]

    async def named(
        self, notifications: Collection[NotificationId]
    ) -> Mapping[tuple[TenantId, Position], NotificationId]:
        rows = await self._database.rows(
            select(REQUESTED.c.tenant, REQUESTED.c.position, REQUESTED.c.id).where(
                REQUESTED.c.id.in_(notifications)
            )
        )
        return {(row.tenant, row.position): row.id for row in rows}

    async def by_reference(self, provider: str, reference: str) -> tuple[TenantId, Status] | None:
        rows = await self._database.rows(
            select(OUTCOME)
            .join(
                REFERENCE,
                (REFERENCE.c.position == OUTCOME.c.position) & (REFERENCE.c.part == OUTCOME.c.part),
            )
            .where(REFERENCE.c.provider == provider, REFERENCE.c.reference == reference)
        )
        return (rows[0].tenant, _ended(rows[0])) if rows else None

    async def counts(self, tenant: TenantId) -> tuple[int, Mapping[str, int]]:
        (planned,) = await self._database.rows(
            select(func.coalesce(func.sum(TALLY.c.deliveries), 0).label("deliveries")).where(
                TALLY.c.tenant == tenant
            )
        )
        ended = await self._database.rows(
            select(OUTCOME.c.status, func.count().label("deliveries"))
            .where(OUTCOME.c.tenant == tenant)
            .group_by(OUTCOME.c.status)
        )
        return int(planned.deliveries), {row.status: row.deliveries for row in ended}


def _ended(row: Row[Any]) -> Status:
    return Status(
        tenant=row.tenant,
        notification=row.notification,
        position=row.position,
        part=row.part,
        channel=row.channel,
        state=State(row.status),
        at=row.at,
        planned_at=row.planned_at,
        claimed_at=row.claimed_at,
        attempt=row.attempt,
        provider=row.provider,
        reference=row.reference,
        code=row.code,
        text=row.text,
        rule=row.rule,
    )


def _moved(row: Row[Any]) -> Status:
    return Status(
        tenant=row.tenant,
        notification=NotificationId(""),
        position=row.position,
        part=row.part,
        channel=row.channel,
        state=State(row.state),
        at=row.at,
        claimed_at=row.claimed_at,
        attempt=row.attempt,
        provider=row.provider,
        reference=row.reference,
        code=row.code,
        text=row.text,
        rule=row.rule,
        due=row.due,
    )
