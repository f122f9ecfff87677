"""Where open deliveries stand, read from a table that has one row for each; see the port Work."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, func, select

from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.ports.database import Database
from sendwell.ports.journal import Filter
from sendwell.runtime.among import among
from sendwell.runtime.journal.narrowing import Sought, newest, of_open_work
from sendwell.runtime.recipients import is_to


class OpenWork:
    """The open deliveries in `table`; `at` and `rule`: when, and by which rule, they came there."""

    def __init__(
        self, database: Database, table: Table, *, at: ColumnElement[int], rule: ColumnElement[Any]
    ) -> None:
        self._database = database
        self._table = table
        self._shown = (*table.c, at.label("moved_at"), rule.label("by_rule"))

    async def open(
        self,
        tenant: TenantId,
        positions: Sequence[Position],
        *,
        recipients: Collection[int] | None = None,
    ) -> list[Status]:
        """See the port."""
        table = self._table
        rows = await self._database.rows(
            select(*self._shown).where(
                table.c.tenant == tenant,
                table.c.position.in_(positions),
                is_to(table.c.part, recipients, self._database),
            )
        )
        return [_status(row) for row in rows]

    async def positions(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> list[Position]:
        """See the port."""
        questions = of_open_work(self._table, Sought(tenant, narrowed, before))
        return await newest(self._database, questions, limit)

    async def open_counts(self, tenant: TenantId) -> dict[str, int]:
        """See the port."""
        columns = self._table.c
        rows = await self._database.rows(
            select(columns.state, func.count().label("deliveries"))
            .where(columns.tenant == tenant)
            .group_by(columns.state)
        )
        return {row.state: row.deliveries for row in rows}

    async def open_among(self, positions: Sequence[int]) -> set[int]:
        """Those of these positions whose notification has one, whichever tenant it is of."""
        column = self._table.c.position
        rows = await self._database.rows(
            select(column).distinct().where(among(column, positions, self._database))
        )
        return {row.position for row in rows}


def _status(row: Row[Any]) -> Status:
    return Status(
        tenant=row.tenant,
        notification=NotificationId(""),
        position=row.position,
        part=row.part,
        channel=row.channel,
        state=State(row.state),
        at=row.moved_at,
        planned_at=row.planned_at,
        claimed_at=row.claimed_at,
        attempt=row.attempt,
        provider=row.provider,
        rule=row.by_rule,
        due=row.due,
    )
