"""Who was erased, as rows that do not say who it was."""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select

from sendwell.domain.errors import Conflict
from sendwell.domain.fingerprint import print_of
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.database import Database
from sendwell.roles.users.tables import TOMBSTONE


class TombstoneStore:
    """Tombstones on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def erased_among(self, tenant: TenantId, users: Collection[UserId]) -> set[UserId]:
        """Those of the people that were erased."""
        hashes = {print_of(tenant, user): user for user in users}
        rows = await self._database.rows(
            select(TOMBSTONE.c.user_hash).where(
                TOMBSTONE.c.tenant == tenant, TOMBSTONE.c.user_hash.in_(hashes)
            )
        )
        return {hashes[row.user_hash] for row in rows}


def erased_on(connection: Connection, tenant: TenantId, users: Collection[UserId]) -> set[UserId]:
    """As `erased_among`, within a transaction that is under way."""
    hashes = {print_of(tenant, user): user for user in users}
    found = select(TOMBSTONE.c.user_hash).where(
        TOMBSTONE.c.tenant == tenant, TOMBSTONE.c.user_hash.in_(hashes)
    )
    return {hashes[own] for own in connection.execute(found).scalars()}


def refuse_erased(connection: Connection, people: Iterable[tuple[TenantId, UserId]]) -> None:
    """For the transaction that would store them anew. Raises Conflict (person_erased)."""
    by_tenant: dict[TenantId, list[UserId]] = {}
    for tenant, user in people:
        by_tenant.setdefault(tenant, []).append(user)
    for tenant, users in by_tenant.items():
        if erased := erased_on(connection, tenant, users):
            raise person_erased(min(erased))


def bury(connection: Connection, tenant: TenantId, user: UserId, at: int) -> None:
    """The person has a tombstone from now on. Idempotent."""
    if connection.execute(select(TOMBSTONE.c.at).where(_is(tenant, user))).first() is None:
        row = {"tenant": tenant, "user_hash": print_of(tenant, user), "at": at}
        connection.execute(insert(TOMBSTONE).values(row))


def revive(connection: Connection, people: Iterable[tuple[TenantId, UserId]]) -> None:
    """They may come back. Idempotent."""
    for tenant, user in people:
        connection.execute(delete(TOMBSTONE).where(_is(tenant, user)))


def person_erased(user: UserId) -> Conflict:
    """Why somebody who was erased is not stored again."""
    return Conflict(
        f"{user} was erased. Only where the person has asked to come back, store them again with"
        f" PUT /api/v1/users/{user}?revive=true; nothing of what was there comes back.",
        code="person_erased",
    )


def _is(tenant: TenantId, user: UserId) -> ColumnElement[bool]:
    return and_(TOMBSTONE.c.tenant == tenant, TOMBSTONE.c.user_hash == print_of(tenant, user))
