"""Sessions of operators as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database, Write, core
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.store.operators import Operator
from sendwell.roles.accounts.tables import SESSION


@dataclass(frozen=True, slots=True)
class Session:
    """One signing in, and all tokens that came of it."""

    tenant: TenantId
    id: str
    operator: str
    generation: int
    rotation: int
    created_at: int
    used_at: int
    ends_at: int
    revoked_at: int | None = None

    def is_of(self, operator: Operator, now: int) -> bool:
        """Whether it still lets this operator in."""
        is_alive = self.revoked_at is None and self.ends_at > now
        return is_alive and not operator.is_disabled and self.generation == operator.generation


class SessionStore:
    """Sessions of all tenants' operators."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant: TenantId, id_: str) -> Session | None:
        """The session with that id."""
        rows = await self._database.rows(
            select(SESSION).where(SESSION.c.tenant == tenant, SESSION.c.id == id_)
        )
        return _session(rows[0]) if rows else None

    async def add(self, session: Session, deed: Deed) -> None:
        """Store a new one, on the record; those of the operator that are long over go."""
        old = delete(SESSION).where(
            SESSION.c.tenant == session.tenant,
            SESSION.c.operator == session.operator,
            SESSION.c.ends_at < session.created_at,
        )
        new = insert(SESSION).values(
            tenant=session.tenant,
            id=session.id,
            operator=session.operator,
            generation=session.generation,
            rotation=session.rotation,
            created_at=session.created_at,
            used_at=session.used_at,
            ends_at=session.ends_at,
        )
        await self._database.commit([Write(core, [old, new]), *recorded(deed)])

    async def rotate(self, session: Session, *, ends_at: int, now: int) -> bool:
        """The next refresh token counts, unless that has happened already; says whether it did."""
        unit = [Write(_rotate, [(session, ends_at, now)])]
        (((has_moved),),) = await self._database.commit(unit)
        return bool(has_moved)

    async def revoke(self, session: Session, now: int, deed: Deed) -> None:
        """The session has ended, on the record."""
        change = (
            update(SESSION)
            .where(SESSION.c.tenant == session.tenant, SESSION.c.id == session.id)
            .where(SESSION.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        await self._database.commit([Write(core, [change]), *recorded(deed)])


def _rotate(connection: Connection, sessions: Sequence[tuple[Session, int, int]]) -> list[bool]:
    """For each session whether this call has moved it on."""
    return [_moved(connection, session, ends_at, now) for session, ends_at, now in sessions]


def _moved(connection: Connection, session: Session, ends_at: int, now: int) -> bool:
    moved = connection.execute(
        update(SESSION)
        .where(SESSION.c.tenant == session.tenant, SESSION.c.id == session.id)
        .where(SESSION.c.rotation == session.rotation, SESSION.c.revoked_at.is_(None))
        .values(rotation=session.rotation + 1, used_at=now, ends_at=ends_at)
    )
    return moved.rowcount == 1


def _session(row: Row[Any]) -> Session:
    return Session(
        row.tenant,
        row.id,
        row.operator,
        row.generation,
        row.rotation,
        row.created_at,
        row.used_at,
        row.ends_at,
        row.revoked_at,
    )
