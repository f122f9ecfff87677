"""People's passwords, as rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, insert, select, update

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database, Write
from sendwell.roles.users.tables import CONTACT, PERSON, PERSON_LOGIN, PERSON_TRY
from sendwell.runtime.login_tries import TryStore

_EMAIL = ChannelName("email")


class LogInRecord(NamedTuple):
    """How a person logs in. Sessions that began before `sessions_from` have ended."""

    tenant: TenantId
    user: UserId
    password_hash: str
    sessions_from: int


class LogInStore:
    """Passwords, and tries at them, on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.tries = TryStore(database, PERSON_TRY)

    async def find(self, tenant: TenantId, user: UserId) -> LogInRecord | None:
        """How that person logs in; None where there is no such person, or no password."""
        rows = await self._database.rows(
            select(PERSON_LOGIN.c.password_hash, PERSON_LOGIN.c.sessions_from)
            .join(
                PERSON,
                and_(
                    PERSON.c.tenant == PERSON_LOGIN.c.tenant,
                    PERSON.c.user_id == PERSON_LOGIN.c.user_id,
                ),
            )
            .where(_is(tenant, user))
        )
        return _record(tenant, user, rows[0]) if rows else None

    async def knows(self, tenant: TenantId, user: UserId) -> bool:
        """Whether there is such a person."""
        return bool(await self._database.rows(_person(tenant, user)))

    async def by_email(self, tenant: TenantId, email: str) -> UserId | None:
        """Whose address that is without a doubt: one person's, or verified for one of several."""
        is_unverified = CONTACT.c.verified_at.is_(None)
        rows = await self._database.rows(
            select(CONTACT.c.user_id, is_unverified.label("is_unverified"))
            .where(
                CONTACT.c.tenant == tenant,
                CONTACT.c.address_hash == fingerprint(tenant, _EMAIL, email),
                CONTACT.c.channel == _EMAIL,
            )
            .order_by(is_unverified)
            .limit(2)
        )
        is_doubtful = len(rows) > 1 and rows[0].is_unverified == rows[1].is_unverified
        return None if not rows or is_doubtful else UserId(rows[0].user_id)

    async def set_password(self, given: LogInRecord) -> bool:
        """The person logs in like this from now on, and all sessions end.

        False where there is no such person.
        """
        ((is_stored,),) = await self._database.commit([Write(_set, [given])])
        return bool(is_stored)

    async def rehash(self, known: LogInRecord, password_hash: str) -> None:
        """The same password in another hash, unless it is another one by now."""
        await self._database.execute(
            update(PERSON_LOGIN)
            .where(
                _is(known.tenant, known.user),
                PERSON_LOGIN.c.password_hash == known.password_hash,
            )
            .values(password_hash=password_hash)
        )

    async def end_sessions(self, tenant: TenantId, user: UserId, now: int) -> None:
        """All sessions of the person have ended."""
        await self._database.commit([Write(_end, [(tenant, user, now)])])

    async def remove(self, tenant: TenantId, user: UserId) -> None:
        """The person cannot log in any more."""
        await self._database.execute(delete(PERSON_LOGIN).where(_is(tenant, user)))


def _record(tenant: TenantId, user: UserId, row: Row[Any]) -> LogInRecord:
    return LogInRecord(tenant, user, row.password_hash, row.sessions_from)


def _set(connection: Connection, given: Sequence[LogInRecord]) -> list[bool]:
    return [_set_one(connection, each) for each in given]


def _set_one(connection: Connection, given: LogInRecord) -> bool:
    if connection.execute(_person(given.tenant, given.user)).first() is None:
        return False
    values = {
        "password_hash": given.password_hash,
        "changed_at": given.sessions_from,
        "sessions_from": _next(connection, given.tenant, given.user, given.sessions_from),
    }
    here = _is(given.tenant, given.user)
    if not connection.execute(update(PERSON_LOGIN).where(here).values(values)).rowcount:
        connection.execute(
            insert(PERSON_LOGIN).values(tenant=given.tenant, user_id=given.user, **values)
        )
    return True


def _end(connection: Connection, ends: Sequence[tuple[TenantId, UserId, int]]) -> None:
    for tenant, user, now in ends:
        since = _next(connection, tenant, user, now)
        connection.execute(
            update(PERSON_LOGIN).where(_is(tenant, user)).values(sessions_from=since)
        )


def _next(connection: Connection, tenant: TenantId, user: UserId, now: int) -> int:
    """Now, or later than before where a clock was put back."""
    known = select(PERSON_LOGIN.c.sessions_from).where(_is(tenant, user)).with_for_update()
    before = connection.execute(known).scalar()
    return now if before is None else max(now, before + 1)


def _person(tenant: TenantId, user: UserId) -> Select[tuple[str]]:
    return select(PERSON.c.user_id).where(PERSON.c.tenant == tenant, PERSON.c.user_id == user)


def _is(tenant: TenantId, user: UserId) -> ColumnElement[bool]:
    return and_(PERSON_LOGIN.c.tenant == tenant, PERSON_LOGIN.c.user_id == user)
