"""Push tokens, as rows."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, delete, insert, select, update

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database, Unit, Write, run_within
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.tables import PERSON, PUSH_TOKEN, SUPPRESSION

MOST_TOKENS = 50
"""Of one person. One more takes the place of the one that was seen longest ago: apps that are
installed again and again must not multiply a person's messages."""

_PUSH = ChannelName("push")


class TokenRecord(NamedTuple):
    """One push token of a person."""

    number: int
    token: str
    platform: str | None
    last_seen: int


class Registered(NamedTuple):
    """What became of a token: its number, whether it is new to the person, and whose it was."""

    number: int
    is_new: bool
    former: UserId | None = None


class TokenStore:
    """Push tokens on a SQL database. A token belongs to one person of a tenant at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(
        self,
        tenant: TenantId,
        user: UserId,
        *,
        token: str,
        platform: str | None,
        now: int,
        author: Author | None = None,
    ) -> Registered | None:
        """The token is the person's from now on; None where there is no such person.

        It is taken from whoever had it, and a suppression of it is lifted: the app has just got
        it from the vendor, so it is good again.
        """
        own = fingerprint(tenant, _PUSH, token)
        registration = _Registration(tenant, user, own, body_of(token), platform, now, author)
        ((registered,),) = await self._database.commit([Write(_register, [registration])])
        return registered  # type: ignore[no-any-return]

    async def remove(
        self, tenant: TenantId, user: UserId, number: int, *, author: Author | None = None
    ) -> bool:
        """Take a token away; False where there was none."""
        removal = _Removal(tenant, user, number, author)
        ((was_there,),) = await self._database.commit([Write(_remove, [removal])])
        return bool(was_there)


async def token_records(database: Database, tenant: TenantId, user: UserId) -> list[TokenRecord]:
    """A person's tokens in the order of their numbers."""
    rows = await database.rows(
        select(PUSH_TOKEN).where(_is_of(tenant, user)).order_by(PUSH_TOKEN.c.number)
    )
    return [
        TokenRecord(row.number, plain_token(row.body), row.platform, row.last_seen) for row in rows
    ]


def body_of(token: str) -> bytes:
    """The envelope of a token, or of another address."""
    return _encode(token)


def plain_token(body: bytes) -> str:
    """The token in a row's envelope."""
    return _decode(body)


class _Registration(NamedTuple):
    tenant: TenantId
    user: UserId
    token_hash: bytes
    body: bytes
    platform: str | None
    at: int
    author: Author | None


class _Removal(NamedTuple):
    tenant: TenantId
    user: UserId
    number: int
    author: Author | None


def _register(
    connection: Connection, registrations: Sequence[_Registration]
) -> list[Registered | None]:
    results = [_register_one(connection, each) for each in registrations]
    pairs = zip(registrations, results, strict=True)
    run_within(connection, (unit for each, result in pairs for unit in _told(each, result)))
    return results


def _told(new: _Registration, result: Registered | None) -> Iterator[Unit]:
    """What goes on record; nothing of a token that was only seen again."""
    if new.author is None or result is None or not result.is_new:
        return
    if result.former is not None:
        yield new.author.changed("token.removed", new.tenant, result.former)
    yield new.author.changed("token.added", new.tenant, new.user, number=result.number)


def _remove(connection: Connection, removals: Sequence[_Removal]) -> list[bool]:
    results = [_remove_one(connection, each) for each in removals]
    run_within(
        connection,
        [
            each.author.changed("token.removed", each.tenant, each.user, number=each.number)
            for each, was_there in zip(removals, results, strict=True)
            if was_there and each.author is not None
        ],
    )
    return results


def _remove_one(connection: Connection, removal: _Removal) -> bool:
    which = and_(_is_of(removal.tenant, removal.user), PUSH_TOKEN.c.number == removal.number)
    return connection.execute(delete(PUSH_TOKEN).where(which)).rowcount > 0


def _register_one(connection: Connection, new: _Registration) -> Registered | None:
    known = _holder(connection, new)
    if known is not None and known.user_id == new.user:
        _touch(connection, new)
        return Registered(known.number, is_new=False)
    number = _next_number(connection, new)
    if number is None:
        return None
    _lift_suppression(connection, new)
    if known is not None:
        connection.execute(delete(PUSH_TOKEN).where(_has_hash(new)))
    _insert(connection, new, number)
    _forget_oldest(connection, new)
    return Registered(number, is_new=True, former=known.user_id if known is not None else None)


def _holder(connection: Connection, new: _Registration) -> Row[Any, Any] | None:
    found = select(PUSH_TOKEN.c.user_id, PUSH_TOKEN.c.number).where(_has_hash(new))
    return connection.execute(found).first()


def _lift_suppression(connection: Connection, new: _Registration) -> None:
    connection.execute(
        update(SUPPRESSION)
        .where(
            SUPPRESSION.c.tenant == new.tenant,
            SUPPRESSION.c.address_hash == new.token_hash,
            SUPPRESSION.c.reason.is_not(None),
        )
        .values(reason=None, at=new.at, changed_at=new.at, source=None, body=None)
    )


def _touch(connection: Connection, new: _Registration) -> None:
    connection.execute(
        update(PUSH_TOKEN).where(_has_hash(new)).values(platform=new.platform, last_seen=new.at)
    )


def _next_number(connection: Connection, new: _Registration) -> int | None:
    person = and_(PERSON.c.tenant == new.tenant, PERSON.c.user_id == new.user)
    connection.execute(update(PERSON).where(person).values(last_token=PERSON.c.last_token + 1))
    return connection.execute(select(PERSON.c.last_token).where(person)).scalar()


def _insert(connection: Connection, new: _Registration, number: int) -> None:
    connection.execute(
        insert(PUSH_TOKEN).values(
            tenant=new.tenant,
            user_id=new.user,
            number=number,
            token_hash=new.token_hash,
            body=new.body,
            platform=new.platform,
            last_seen=new.at,
        )
    )


def _forget_oldest(connection: Connection, new: _Registration) -> None:
    of_person = _is_of(new.tenant, new.user)
    seen_last = (PUSH_TOKEN.c.last_seen.desc(), PUSH_TOKEN.c.number.desc())
    numbers = connection.execute(
        select(PUSH_TOKEN.c.number).where(of_person).order_by(*seen_last)
    ).scalars()
    if superfluous := numbers.all()[MOST_TOKENS:]:
        connection.execute(
            delete(PUSH_TOKEN).where(of_person, PUSH_TOKEN.c.number.in_(superfluous))
        )


def _is_of(tenant: TenantId, user: UserId) -> ColumnElement[bool]:
    return and_(PUSH_TOKEN.c.tenant == tenant, PUSH_TOKEN.c.user_id == user)


def _has_hash(new: _Registration) -> ColumnElement[bool]:
    return and_(PUSH_TOKEN.c.tenant == new.tenant, PUSH_TOKEN.c.token_hash == new.token_hash)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(str).decode
