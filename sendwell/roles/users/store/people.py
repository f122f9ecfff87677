"""People and what they chose, as rows."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from sendwell.domain.consent import Preferences, parse_preferences, preferences_json
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.ports.database import Database, Write
from sendwell.roles.users.store.tokens import TokenRecord, plain_token, token_records
from sendwell.roles.users.tables import PERSON, PUSH_TOKEN

_IN_APP = ChannelName("in_app")
_PUSH = ChannelName("push")


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything personal about a person but the push tokens: the envelope of its row."""

    addresses: dict[ChannelName, str] = {}
    locale: str | None = None
    timezone: str | None = None
    name: str | None = None
    attributes: dict[str, Any] = {}


class PersonRecord(NamedTuple):
    """A person as stored."""

    user_id: UserId
    profile: Profile
    tokens: Sequence[TokenRecord]
    created_at: int
    updated_at: int


class _Reach(msgspec.Struct, frozen=True):
    """The part of a profile that planning needs; the rest is not even decoded."""

    addresses: dict[ChannelName, str] = {}
    locale: str | None = None
    timezone: str | None = None


class PeopleStore:
    """People on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def people(self, tenant: TenantId, users: Collection[UserId]) -> dict[UserId, Person]:
        """Those of the people that exist, with all their addresses, by one statement."""
        rows = await self._database.rows(_reach_of(tenant, users))
        tokens: dict[UserId, dict[int, str]] = {}
        for row in rows:
            if row.number:
                tokens.setdefault(row.user_id, {})[row.number] = plain_token(row.body)
        return {
            row.user_id: _person(row, tokens.get(row.user_id)) for row in rows if not row.number
        }

    async def person(self, tenant: TenantId, user: UserId) -> PersonRecord | None:
        """Everything stored about a person."""
        rows = await self._database.rows(select(PERSON).where(is_person(tenant, user)))
        if not rows:
            return None
        row = rows[0]
        tokens = await token_records(self._database, tenant, user)
        return PersonRecord(
            row.user_id, _decode_profile(row.body), tokens, row.created_at, row.updated_at
        )

    async def put(self, tenant: TenantId, user: UserId, *, profile: Profile, now: int) -> bool:
        """Store the profile in place of any before; True for a new person."""
        put = _Put(tenant, user, _encode(profile), now)
        ((is_new,),) = await self._database.commit([Write(_put, [put])])
        return bool(is_new)

    async def delete(self, tenant: TenantId, user: UserId) -> bool:
        """Take away the person and the tokens; False where there was none."""
        of_person = and_(PUSH_TOKEN.c.tenant == tenant, PUSH_TOKEN.c.user_id == user)
        _, done = await self._database.execute(
            delete(PUSH_TOKEN).where(of_person), delete(PERSON).where(is_person(tenant, user))
        )
        return done.rowcount > 0

    async def preferences(self, tenant: TenantId, user: UserId) -> str | None:
        """A person's preferences as JSON text; None where there is no such person."""
        rows = await self._database.rows(
            select(PERSON.c.preferences).where(is_person(tenant, user))
        )
        return rows[0].preferences if rows else None

    async def set_preferences(
        self, tenant: TenantId, user: UserId, *, text: str, now: int, instead_of: str | None = None
    ) -> bool:
        """Store preferences; False where there is no such person, or they are not `instead_of`."""
        which = is_person(tenant, user)
        if instead_of is not None:
            which = and_(which, PERSON.c.preferences == instead_of)
        (done,) = await self._database.execute(
            update(PERSON).where(which).values(preferences=text, updated_at=now)
        )
        return done.rowcount > 0


def text_of(preferences: Preferences) -> str:
    """Preferences as they are stored: equal ones have equal texts."""
    return _encode(preferences_json(preferences)).decode()


def is_person(tenant: TenantId, user: UserId) -> ColumnElement[bool]:
    """The condition for one person's row."""
    return and_(PERSON.c.tenant == tenant, PERSON.c.user_id == user)


class _Put(NamedTuple):
    tenant: TenantId
    user: UserId
    body: bytes
    at: int


def _put(connection: Connection, puts: Sequence[_Put]) -> list[bool]:
    return [_put_one(connection, put) for put in puts]


def _put_one(connection: Connection, put: _Put) -> bool:
    change = update(PERSON).where(is_person(put.tenant, put.user))
    if connection.execute(change.values(body=put.body, updated_at=put.at)).rowcount:
        return False
    connection.execute(
        insert(PERSON).values(
            tenant=put.tenant,
            user_id=put.user,
            body=put.body,
            preferences=text_of(Preferences()),
            last_token=0,
            created_at=put.at,
            updated_at=put.at,
        )
    )
    return True


def _reach_of(tenant: TenantId, users: Collection[UserId]) -> Any:
    """The people as rows numbered 0, and their push tokens under their own numbers."""
    return union_all(
        select(
            PERSON.c.user_id, literal(0).label("number"), PERSON.c.body, PERSON.c.preferences
        ).where(PERSON.c.tenant == tenant, PERSON.c.user_id.in_(users)),
        select(
            PUSH_TOKEN.c.user_id,
            PUSH_TOKEN.c.number,
            PUSH_TOKEN.c.body,
            null().label("preferences"),
        ).where(PUSH_TOKEN.c.tenant == tenant, PUSH_TOKEN.c.user_id.in_(users)),
    )


def _person(row: Row[Any], tokens: dict[int, str] | None) -> Person:
    reach = _decode_reach(row.body)
    addresses = {channel: {0: address} for channel, address in reach.addresses.items()}
    if tokens:
        addresses[_PUSH] = dict(sorted(tokens.items()))
    addresses[_IN_APP] = {0: row.user_id}
    preferences = _preferences(row.preferences)
    return Person(row.user_id, addresses, reach.locale, reach.timezone, preferences)


@lru_cache(maxsize=4096)
def _preferences(text: str) -> Preferences:
    """Most people have chosen nothing and share one value."""
    return parse_preferences(msgspec.json.decode(text))


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_profile = msgspec.json.Decoder(Profile).decode
_decode_reach = msgspec.json.Decoder(_Reach).decode
