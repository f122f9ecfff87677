"""People who are being erased, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, Table, and_, delete, insert, select, update

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database, Write
from sendwell.ports.keepers import Whom
from sendwell.roles.users.store.tokens import plain_token
from sendwell.roles.users.store.tombstones import bury
from sendwell.roles.users.tables import (
    CONSENT,
    CONTACT,
    ERASURE,
    PERSON,
    PERSON_LOGIN,
    PUSH_TOKEN,
    SUBSCRIPTION,
    SUPPRESSION,
)

_OWN: Sequence[Table] = (PUSH_TOKEN, CONTACT, SUBSCRIPTION, CONSENT, PERSON_LOGIN, PERSON)
"""Every table with rows that are one person's."""

_PUSH = ChannelName("push")


class Progress(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far one keeper is. `waits` says what for, where it does."""

    erased: int = 0
    is_done: bool = False
    waits: str | None = None


class Erasure(NamedTuple):
    """One person on the way out; `whom` is forgotten once nobody has anything left."""

    tenant: TenantId
    id: str
    whom: Whom | None
    asked_by: str
    asked_at: int
    done_at: int | None
    progress: Mapping[str, Progress]


class Ask(NamedTuple):
    """That a person is to be erased."""

    tenant: TenantId
    user: UserId
    id: str
    by: str
    at: int


class _Addresses(msgspec.Struct, frozen=True):
    addresses: dict[ChannelName, str] = {}


class ErasureStore:
    """Erasures on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, ask: Ask) -> None:
        """The person's own rows are gone, the tombstone stands and the erasure is on record: in
        one transaction.
        """
        await self._database.commit([Write(_begin, [ask])])

    async def find(self, tenant: TenantId, number: str) -> Erasure | None:
        """One of a tenant's."""
        rows = await self._database.rows(
            select(ERASURE).where(ERASURE.c.tenant == tenant, ERASURE.c.id == number)
        )
        return _erasure(rows[0]) if rows else None

    async def open(self) -> list[Erasure]:
        """All that are not done, of whatever tenant, the oldest first."""
        rows = await self._database.rows(
            select(ERASURE).where(ERASURE.c.done_at.is_(None)).order_by(ERASURE.c.asked_at)
        )
        return [_erasure(row) for row in rows]

    async def open_of(self, tenant: TenantId, user: UserId) -> Erasure | None:
        """The one by which that person is being erased now."""
        rows = await self._database.rows(
            select(ERASURE).where(ERASURE.c.tenant == tenant, ERASURE.c.done_at.is_(None))
        )
        found = (_erasure(row) for row in rows)
        return next((each for each in found if each.whom and each.whom.user_id == user), None)

    async def note(self, erasure: Erasure, progress: Mapping[str, Progress]) -> None:
        """How far it is."""
        await self._database.execute(_changed(erasure, progress=_encode(progress).decode()))

    async def finish(self, erasure: Erasure, progress: Mapping[str, Progress], *, now: int) -> None:
        """Nobody has anything left: from now on not even we know who it was."""
        await self._database.execute(
            _changed(
                erasure, progress=_encode(progress).decode(), done_at=now, body=None, key_id=None
            )
        )

    async def erase_own(self, whom: Whom) -> int:
        """Take away what the users role has of the person; gives how many rows those were."""
        ((count,),) = await self._database.commit([Write(_erase_own, [whom])])
        return int(count)


def _begin(connection: Connection, asks: Sequence[Ask]) -> None:
    for ask in asks:
        whom = Whom(ask.tenant, ask.user, tuple(_addresses(connection, ask.tenant, ask.user)))
        (count,) = _erase_own(connection, [whom])
        bury(connection, ask.tenant, ask.user, ask.at)
        row = {
            "tenant": ask.tenant,
            "id": ask.id,
            "body": _encode(whom),
            "asked_by": ask.by,
            "asked_at": ask.at,
            "progress": _encode({"users": Progress(count)}).decode(),
        }
        connection.execute(insert(ERASURE).values(row))


def _erase_own(connection: Connection, people: Sequence[Whom]) -> list[int]:
    return [_erase_one(connection, whom) for whom in people]


def _erase_one(connection: Connection, whom: Whom) -> int:
    count = 0
    for table in _OWN:
        is_theirs = and_(table.c.tenant == whom.tenant, table.c.user_id == whom.user_id)
        count += connection.execute(delete(table).where(is_theirs)).rowcount
    if hashes := [fingerprint(whom.tenant, *address) for address in whom.addresses]:
        is_known = and_(
            SUPPRESSION.c.tenant == whom.tenant,
            SUPPRESSION.c.address_hash.in_(hashes),
            SUPPRESSION.c.body.is_not(None),
        )
        emptied = update(SUPPRESSION).where(is_known).values(body=None, key_id=None)
        count += connection.execute(emptied).rowcount
    return count


def _addresses(
    connection: Connection, tenant: TenantId, user: UserId
) -> Iterator[tuple[ChannelName, str]]:
    """Every address that the person has, just before they are gone."""
    profile = select(PERSON.c.body).where(PERSON.c.tenant == tenant, PERSON.c.user_id == user)
    # Locked: an address that is being stored at this moment has to be looked for as well.
    for body in connection.execute(profile.with_for_update()).scalars():
        yield from _decode_addresses(body).addresses.items()
    tokens = select(PUSH_TOKEN.c.body).where(
        PUSH_TOKEN.c.tenant == tenant, PUSH_TOKEN.c.user_id == user
    )
    for body in connection.execute(tokens).scalars():
        yield _PUSH, plain_token(body)


def _changed(erasure: Erasure, **values: Any) -> Any:
    is_this = and_(ERASURE.c.tenant == erasure.tenant, ERASURE.c.id == erasure.id)
    return update(ERASURE).where(is_this).values(values)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        row.tenant,
        row.id,
        None if row.body is None else _decode_whom(row.body),
        row.asked_by,
        row.asked_at,
        row.done_at,
        _decode_progress(row.progress),
    )


_encode = msgspec.json.Encoder().encode
_decode_whom = msgspec.json.Decoder(Whom).decode
_decode_addresses = msgspec.json.Decoder(_Addresses).decode
_decode_progress = msgspec.json.Decoder(dict[str, Progress]).decode
