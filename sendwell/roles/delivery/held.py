"""The work that rules hold: whose it is, for whom, and making it due."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import func, literal, select, tuple_, update

from sendwell.domain.ids import Node, TenantId, UserId
from sendwell.domain.lifecycle import State
from sendwell.ports.database import Database
from sendwell.roles.delivery.tables import WORK
from sendwell.runtime.among import among
from sendwell.runtime.journal.tables import REQUESTED


class HeldPlace(NamedTuple):
    """Where held work stands among that of its tenant."""

    channel: str = ""
    lane: int = 0
    work: int = 0


class HeldWork:
    """What is held in this process, joined with whom it was asked for."""

    def __init__(self, database: Database, *, node: Node) -> None:
        self._database = database
        self._node = node

    async def tenants(self) -> list[TenantId]:
        """Of whom anything is held here."""
        rows = await self._database.rows(
            select(WORK.c.tenant)
            .where(WORK.c.state == State.HELD, WORK.c.node == self._node)
            .distinct()
        )
        return [row.tenant for row in rows]

    async def is_there(self, tenant: TenantId) -> bool:
        """Whether anything is held of that tenant, here or in another process: one look-up."""
        rows = await self._database.rows(
            select(WORK.c.work)
            .where(WORK.c.tenant == tenant, WORK.c.state == State.HELD)
            .limit(literal(1))
        )
        return bool(rows)

    async def of_tenant(self, tenant: TenantId, *, after: HeldPlace, limit: int) -> list[HeldPlace]:
        """The next of a tenant's work that rules hold here, behind `after`."""
        place = (WORK.c.channel, WORK.c.lane, WORK.c.work)
        rows = await self._database.rows(
            select(*place)
            .where(
                WORK.c.tenant == tenant,
                WORK.c.state == State.HELD,
                WORK.c.node == self._node,
                tuple_(*place) > tuple_(*map(literal, after)),
            )
            .order_by(*place)
            .limit(limit)
        )
        return [HeldPlace(*row) for row in rows]

    async def of_people(
        self, tenant: TenantId, users: Collection[UserId], *, limit: int
    ) -> list[int]:
        """Held work that was asked for one of these people alone, at most so much of it.

        The way is from the people to their notifications, those that are as young as open work,
        and on to what is held of these. SQLite has no other, for the work's tenant is not asked
        for: the index that begins with it leads through all that is held.
        """
        oldest = select(func.min(WORK.c.position)).scalar_subquery()
        rows = await self._database.rows(
            select(WORK.c.work)
            .join_from(REQUESTED, WORK, WORK.c.position == REQUESTED.c.position)
            .where(
                REQUESTED.c.tenant == tenant,
                REQUESTED.c.user_id.in_(users),
                REQUESTED.c.position >= oldest,
                WORK.c.state == State.HELD,
                WORK.c.node == self._node,
            )
            .limit(limit)
        )
        return [row.work for row in rows]

    async def of_nobody_alone(
        self, tenant: TenantId, *, after: HeldPlace, limit: int
    ) -> list[HeldPlace]:
        """The next held work, behind `after`, of notifications that name no single person.

        No index finds it by person: the way is through all that is held of the tenant. An
        expression around the column keeps SQLite from going through all that was ever asked for
        nobody alone instead.
        """
        place = (WORK.c.channel, WORK.c.lane, WORK.c.work)
        rows = await self._database.rows(
            select(*place)
            .join_from(WORK, REQUESTED, WORK.c.position == REQUESTED.c.position)
            .where(
                WORK.c.tenant == tenant,
                WORK.c.state == State.HELD,
                WORK.c.node == self._node,
                tuple_(*place) > tuple_(*map(literal, after)),
                func.coalesce(REQUESTED.c.user_id, "") == "",
            )
            .order_by(*place)
            .limit(limit)
        )
        return [HeldPlace(*row) for row in rows]

    async def hasten(self, works: Collection[int], now: int) -> list[int]:
        """Make held work due now, durably; gives that which was to wait longer."""
        hastened = (
            update(WORK)
            .where(
                among(WORK.c.work, works, self._database),
                WORK.c.state == State.HELD,
                WORK.c.due > now,
            )
            .values(due=now)
        )
        (done,) = await self._database.execute(hastened.returning(WORK.c.work))
        return [row.work for row in done.rows]
