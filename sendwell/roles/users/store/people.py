"""People and what they chose, as rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.ports.database import Database, Unit, Write, run_within
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.store.choices import (
    NOTHING_CHOSEN,
    Choosing,
    Chosen,
    choose,
    preferences_of,
)
from sendwell.roles.users.store.consents import BY_API, Occasion
from sendwell.roles.users.store.contacts import (
    Holder,
    Verified,
    keep_contacts,
    verified_contacts,
)
from sendwell.roles.users.store.tokens import TokenRecord, plain_token, token_records
from sendwell.roles.users.store.tombstones import refuse_erased, revive
from sendwell.roles.users.tables import CONTACT, PERSON, PERSON_LOGIN, PUSH_TOKEN, SUBSCRIPTION
from sendwell.runtime.among import among

LARGEST_ATTRIBUTES = 16 * 1024
"""Bytes of JSON."""
_IN_APP = ChannelName("in_app")
_PUSH = ChannelName("push")


class Profile(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything personal about a person but the push tokens: the envelope of its row."""

    addresses: dict[ChannelName, str] = {}
    locale: str | None = None
    timezone: str | None = None
    name: str | None = None
    attributes: dict[str, Any] = {}

    def fields_unlike(self, other: "Profile") -> list[str]:
        """The names of the fields that are other ones there; of an address its channel."""
        moved = self.addresses.items() ^ other.addresses.items()
        rest = (
            name
            for name in ("locale", "timezone", "name", "attributes")
            if _encode(getattr(self, name)) != _encode(getattr(other, name))
        )
        return [*sorted({channel for channel, _ in moved}), *rest]


class PersonRecord(NamedTuple):
    """A person as stored."""

    user_id: UserId
    profile: Profile
    tokens: Sequence[TokenRecord]
    created_at: int
    updated_at: int
    verified: Mapping[ChannelName, Verified] = {}
    """The channels by which they were really reached."""


class Put(NamedTuple):
    """A person to be stored; preferences only where they are to be replaced.

    `is_revival`: they were erased, and have asked to come back. `given` are the names of the
    profile's fields that were said, of addresses their channels; the others have nothing in it.
    """

    user: UserId
    profile: Profile
    preferences: Preferences | None = None
    is_revival: bool = False
    given: frozenset[str] = frozenset()


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
        rows = await self._database.rows(_reach_of(tenant, users, self._database))
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
        return PersonRecord(
            row.user_id,
            _decode_profile(row.body),
            await token_records(self._database, tenant, user),
            row.created_at,
            row.updated_at,
            await verified_contacts(self._database, tenant, user),
        )

    async def put(
        self,
        tenant: TenantId,
        user: UserId,
        *,
        profile: Profile,
        now: int,
        is_revival: bool = False,
        author: Author | None = None,
    ) -> bool:
        """Store the profile in place of any before; True for a new person."""
        put = Put(user, profile, is_revival=is_revival)
        stored = _Stored(tenant, put, now, BY_API, author)
        ((is_new,),) = await self._database.commit([Write(_put, [stored])])
        return bool(is_new)

    async def put_many(
        self,
        tenant: TenantId,
        puts: Sequence[Put],
        *,
        now: int,
        occasion: Occasion = BY_API,
    ) -> list[bool]:
        """Store up to a thousand people at once, all or nobody; for each whether they are new.

        Profiles take the place of those before, and so do preferences where there are any.
        Raises Conflict (person_erased) where one of them was erased and this is no revival.
        """
        stored = [_Stored(tenant, put, now, occasion) for put in puts]
        (are_new,) = await self._database.commit([Write(_put, stored)])
        return list(are_new)

    async def delete(self, tenant: TenantId, user: UserId, *, author: Author | None = None) -> bool:
        """Take away the person with tokens, contacts and subscriptions; False where there was
        none. What they agreed to stays on record.
        """
        gone = _Gone(tenant, user, author)
        ((was_there,),) = await self._database.commit([Write(_delete, [gone])])
        return bool(was_there)

    async def preferences(self, tenant: TenantId, user: UserId) -> str | None:
        """A person's preferences as JSON text; None where there is no such person."""
        rows = await self._database.rows(
            select(PERSON.c.preferences).where(is_person(tenant, user))
        )
        return rows[0].preferences if rows else None

    async def choose(self, choosing: Choosing) -> Chosen:
        """Change what a person has chosen, and put on record what was agreed to by it."""
        ((chosen,),) = await self._database.commit([Write(choose, [choosing])])
        return chosen  # type: ignore[no-any-return]


def put_on(
    connection: Connection,
    tenant: TenantId,
    puts: Sequence[Put],
    *,
    now: int,
    occasion: Occasion,
) -> list[bool]:
    """As `put_many`, within a transaction that is under way."""
    return _put(connection, [_Stored(tenant, put, now, occasion) for put in puts])


def is_person(tenant: TenantId, user: UserId) -> ColumnElement[bool]:
    """The condition for one person's row."""
    return and_(PERSON.c.tenant == tenant, PERSON.c.user_id == user)


class _Stored(NamedTuple):
    tenant: TenantId
    put: Put
    at: int
    occasion: Occasion
    author: Author | None = None

    @property
    def who(self) -> tuple[TenantId, UserId]:
        return self.tenant, self.put.user


class _Gone(NamedTuple):
    tenant: TenantId
    user: UserId
    author: Author | None


def _put(connection: Connection, puts: Sequence[_Stored]) -> list[bool]:
    last = {each.who: each for each in puts}
    before = _known(connection, last, are_told=any(each.author for each in puts))
    known = set(before)
    _update(connection, [last[who] for who in last if who in known])
    _insert(connection, [last[who] for who in last if who not in known])
    keep_contacts(
        connection,
        [Holder(*who, each.put.profile.addresses) for who, each in last.items()],
    )
    choose(connection, [choosing for each in puts if (choosing := _choosing(each))])
    run_within(connection, _told(puts, before))
    return [_is_first(each.who, known) for each in puts]


def _is_first(who: tuple[TenantId, UserId], known: set[tuple[TenantId, UserId]]) -> bool:
    if who in known:
        return False
    known.add(who)
    return True


def _told(
    puts: Sequence[_Stored], bodies: Mapping[tuple[TenantId, UserId], bytes]
) -> Iterator[Unit]:
    """What goes on record of these, one after the other; nothing where nothing was changed."""
    latest = dict(bodies)
    for each in puts:
        if each.author is None:
            continue
        before, now = latest.get(each.who), _encode(each.put.profile)
        if before != now:
            action, old = "person.created", Profile()
            if before is not None:
                action, old = "person.changed", _decode_profile(before)
            yield each.author.changed(action, *each.who, each.put.profile.fields_unlike(old))
        latest[each.who] = now


def _delete(connection: Connection, people: Sequence[_Gone]) -> list[bool]:
    were_there = [_delete_one(connection, each) for each in people]
    run_within(
        connection,
        [
            each.author.changed("person.deleted", each.tenant, each.user)
            for each, was_there in zip(people, were_there, strict=True)
            if was_there and each.author is not None
        ],
    )
    return were_there


def _delete_one(connection: Connection, person: _Gone) -> bool:
    tenant, user = person.tenant, person.user
    for table in (PUSH_TOKEN, CONTACT, SUBSCRIPTION, PERSON_LOGIN):
        connection.execute(delete(table).where(table.c.tenant == tenant, table.c.user_id == user))
    return connection.execute(delete(PERSON).where(is_person(tenant, user))).rowcount > 0


def _known(
    connection: Connection, wanted: Iterable[tuple[TenantId, UserId]], *, are_told: bool
) -> dict[tuple[TenantId, UserId], bytes]:
    """Those who are there; with their envelopes, where it is told what has changed in them."""
    envelope = PERSON.c.body if are_told else literal(b"").label("body")
    by_tenant: dict[TenantId, list[UserId]] = {}
    for tenant, user in wanted:
        by_tenant.setdefault(tenant, []).append(user)
    return {
        (tenant, row.user_id): row.body
        for tenant, users in by_tenant.items()
        for row in connection.execute(
            select(PERSON.c.user_id, envelope)
            .where(PERSON.c.tenant == tenant, PERSON.c.user_id.in_(users))
            .order_by(PERSON.c.user_id)  # two that lock the same people do so in one order
            .with_for_update()
        )
    }


def _update(connection: Connection, stored: Sequence[_Stored]) -> None:
    if not stored:
        return
    connection.execute(
        update(PERSON)
        .where(PERSON.c.tenant == bindparam("of_tenant"), PERSON.c.user_id == bindparam("of_user"))
        .values(body=bindparam("to_body"), updated_at=bindparam("to_at")),
        [
            {
                "of_tenant": each.tenant,
                "of_user": each.put.user,
                "to_body": _encode(each.put.profile),
                "to_at": each.at,
            }
            for each in stored
        ],
    )


def _insert(connection: Connection, stored: Sequence[_Stored]) -> None:
    if not stored:
        return
    revive(connection, [each.who for each in stored if each.put.is_revival])
    refuse_erased(connection, [each.who for each in stored])
    connection.execute(
        insert(PERSON),
        [
            {
                "tenant": each.tenant,
                "user_id": each.put.user,
                "body": _encode(each.put.profile),
                "preferences": NOTHING_CHOSEN,
                "last_token": 0,
                "created_at": each.at,
                "updated_at": each.at,
            }
            for each in stored
        ],
    )


def _choosing(stored: _Stored) -> Choosing | None:
    chosen = stored.put.preferences
    if chosen is None:
        return None
    return Choosing(stored.tenant, stored.put.user, lambda _: chosen, stored.occasion, stored.at)


def _reach_of(tenant: TenantId, users: Collection[UserId], on: Database) -> Any:
    """The people as rows numbered 0, and their push tokens under their own numbers."""
    return union_all(
        select(
            PERSON.c.user_id, literal(0).label("number"), PERSON.c.body, PERSON.c.preferences
        ).where(PERSON.c.tenant == tenant, among(PERSON.c.user_id, users, on)),
        select(
            PUSH_TOKEN.c.user_id,
            PUSH_TOKEN.c.number,
            PUSH_TOKEN.c.body,
            null().label("preferences"),
        ).where(PUSH_TOKEN.c.tenant == tenant, among(PUSH_TOKEN.c.user_id, users, on)),
    )


def _person(row: Row[Any], tokens: dict[int, str] | None) -> Person:
    reach = _decode_reach(row.body)
    addresses = {channel: {0: address} for channel, address in reach.addresses.items()}
    if tokens:
        addresses[_PUSH] = dict(sorted(tokens.items()))
    addresses[_IN_APP] = {0: row.user_id}
    preferences = preferences_of(row.preferences)
    return Person(row.user_id, addresses, reach.locale, reach.timezone, preferences)


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode_profile = msgspec.json.Decoder(Profile).decode
_decode_reach = msgspec.json.Decoder(_Reach).decode
