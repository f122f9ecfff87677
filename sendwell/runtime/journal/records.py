"""The read side of the journal on a SQL database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, func, select

from sendwell.domain.ids import COUNTER_BITS, NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages import requested as codec
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.ports.journal import Filter
from sendwell.runtime.journal.tables import HISTORY, OUTCOME, REFERENCE, REQUESTED, TALLY


class SqlRecords:
    """See the port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant: TenantId, notification: NotificationId) -> Requested | None:
        rows = await self._database.rows(
            select(REQUESTED.c.body).where(
                REQUESTED.c.tenant == tenant, REQUESTED.c.id == notification
            )
        )
        return codec.decode(rows[0].body) if rows else None

    async def page(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> Sequence[Requested]:
        question = select(REQUESTED.c.body).where(REQUESTED.c.tenant == tenant)
        if narrowed.status is not None:
            question = _with_status(question, narrowed, tenant)
        elif narrowed.channel is not None:
            on_channel = select(OUTCOME.c.position).where(
                OUTCOME.c.position == REQUESTED.c.position, OUTCOME.c.channel == narrowed.channel
            )
            question = question.where(on_channel.exists())
        question = _within(question, narrowed, before)
        rows = await self._database.rows(
            question.order_by(REQUESTED.c.position.desc()).limit(limit)
        )
        return [codec.decode(row.body) for row in rows]

    async def at(
        self, tenant: TenantId, positions: Sequence[Position], narrowed: Filter
    ) -> Sequence[Requested]:
        question = select(REQUESTED.c.body).where(
            REQUESTED.c.tenant == tenant, REQUESTED.c.position.in_(positions)
        )
        rows = await self._database.rows(_within(question, narrowed, None))
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


def _with_status(question: Select[Any], narrowed: Filter, tenant: TenantId) -> Select[Any]:
    """Driven by the index on (tenant, status, position), which is in the page's order already."""
    question = question.join(OUTCOME, OUTCOME.c.position == REQUESTED.c.position).where(
        OUTCOME.c.tenant == tenant, OUTCOME.c.status == narrowed.status
    )
    if narrowed.channel is not None:
        question = question.where(OUTCOME.c.channel == narrowed.channel)
    return question.group_by(REQUESTED.c.position)


def _within(question: Select[Any], narrowed: Filter, before: Position | None) -> Select[Any]:
    if narrowed.user_id is not None:
        question = question.where(REQUESTED.c.user_id == narrowed.user_id)
    if narrowed.event_type is not None:
        question = question.where(REQUESTED.c.event_type == narrowed.event_type)
    if narrowed.since is not None:
        question = question.where(REQUESTED.c.position >= _position_at(narrowed.since))
    if narrowed.until is not None:
        question = question.where(REQUESTED.c.position < _position_at(narrowed.until))
    if before is not None:
        question = question.where(REQUESTED.c.position < before)
    return question


def _position_at(microseconds: int) -> int:
    return (microseconds // 1000) << COUNTER_BITS


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
