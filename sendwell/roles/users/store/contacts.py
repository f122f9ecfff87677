"""Whose an address is, and since when that is certain: rows beside the people's."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    select,
    tuple_,
    update,
)

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.database import Database, Unit, Write, run_within
from sendwell.roles.users.store.authors import Author
from sendwell.roles.users.tables import CONTACT


class Verified(NamedTuple):
    """Since when it is certain that an address is its person's (microseconds), and how."""

    at: int
    how: str | None


class Holder(NamedTuple):
    """A person as just stored, with the addresses that they have now."""

    tenant: TenantId
    user: UserId
    addresses: Mapping[ChannelName, str]


class ContactStore:
    """Contacts on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def verified(self, tenant: TenantId, user: UserId) -> dict[ChannelName, Verified]:
        """The channels whose address is certainly the person's."""
        return await verified_contacts(self._database, tenant, user)

    async def mark(
        self,
        tenant: TenantId,
        user: UserId,
        *,
        channel: ChannelName,
        address: str,
        verified: Verified | None,
        author: Author | None = None,
    ) -> None:
        """That address of the person is verified from now on, or (None) no longer.

        It is what was seen when that was decided: another one that is stored by now stays as it is.
        """
        own = fingerprint(tenant, channel, address)
        mark = _Mark(tenant, user, channel, own, verified, author)
        await self._database.commit([Write(_mark, [mark])])


async def verified_contacts(
    database: Database, tenant: TenantId, user: UserId
) -> dict[ChannelName, Verified]:
    """The channels whose address is certainly the person's."""
    rows = await database.rows(
        select(CONTACT).where(is_of(tenant, user), CONTACT.c.verified_at.is_not(None))
    )
    return {ChannelName(row.channel): Verified(row.verified_at, row.verified_how) for row in rows}


def keep_contacts(connection: Connection, holders: Sequence[Holder]) -> None:
    """The rows are those of the addresses; one that has changed is no longer verified.

    Takes each person once. For many people at once: at most one statement of each kind.
    """
    known = _known(connection, holders)
    wanted = {
        (each.tenant, each.user, channel): fingerprint(each.tenant, channel, address)
        for each in holders
        for channel, address in each.addresses.items()
    }
    gone = [_key(*key) for key in known.keys() - wanted.keys()]
    changed = [key for key, own in wanted.items() if known.get(key, own) != own]
    new = [key for key in wanted if key not in known]
    if gone:
        connection.execute(delete(CONTACT).where(_IS_KEY), gone)
    if changed:
        values = [{**_key(*key), "to_hash": wanted[key]} for key in changed]
        connection.execute(update(CONTACT).where(_IS_KEY).values(_UNVERIFIED), values)
    if new:
        rows = [{**_columns(*key), "address_hash": wanted[key]} for key in new]
        connection.execute(insert(CONTACT), rows)


def is_of(tenant: TenantId, user: UserId) -> ColumnElement[bool]:
    """The condition for one person's contacts."""
    return and_(CONTACT.c.tenant == tenant, CONTACT.c.user_id == user)


_Key = tuple[TenantId, UserId, ChannelName]


class _Mark(NamedTuple):
    tenant: TenantId
    user: UserId
    channel: ChannelName
    address_hash: bytes
    verified: Verified | None
    author: Author | None


def _known(connection: Connection, holders: Iterable[Holder]) -> dict[_Key, bytes]:
    by_tenant: dict[TenantId, list[UserId]] = {}
    for each in holders:
        by_tenant.setdefault(each.tenant, []).append(each.user)
    found: dict[_Key, bytes] = {}
    for tenant, users in by_tenant.items():
        rows = connection.execute(
            select(CONTACT.c.user_id, CONTACT.c.channel, CONTACT.c.address_hash).where(
                CONTACT.c.tenant == tenant, CONTACT.c.user_id.in_(users)
            )
        )
        found |= {(tenant, row.user_id, row.channel): row.address_hash for row in rows}
    return found


def _mark(connection: Connection, marks: Sequence[_Mark]) -> None:
    marked = [each for each in marks if _mark_one(connection, each)]
    run_within(connection, (unit for each in marked for unit in _told(each)))


def _mark_one(connection: Connection, mark: _Mark) -> bool:
    at, how = mark.verified or (None, None)
    values = {"address_hash": mark.address_hash, "verified_at": at, "verified_how": how}
    key = _columns(mark.tenant, mark.user, mark.channel)
    this = tuple_(CONTACT.c.tenant, CONTACT.c.user_id, CONTACT.c.channel) == tuple(key.values())
    row = connection.execute(select(CONTACT.c.address_hash).where(this)).first()
    if row is None:  # the person was stored before there were contacts
        connection.execute(insert(CONTACT).values(**key, **values))
        return True
    if row.address_hash != mark.address_hash:
        return False
    connection.execute(update(CONTACT).where(this).values(values))
    return True


def _told(mark: _Mark) -> Iterator[Unit]:
    if mark.author is not None:
        action = "contact.unverified" if mark.verified is None else "contact.verified"
        yield mark.author.changed(action, mark.tenant, mark.user, [mark.channel])


_IS_KEY = and_(
    CONTACT.c.tenant == bindparam("of_tenant"),
    CONTACT.c.user_id == bindparam("of_user"),
    CONTACT.c.channel == bindparam("of_channel"),
)
_UNVERIFIED: Mapping[str, object] = {
    "address_hash": bindparam("to_hash"),
    "verified_at": None,
    "verified_how": None,
}


def _key(tenant: TenantId, user: UserId, channel: ChannelName) -> dict[str, str]:
    return {"of_tenant": tenant, "of_user": user, "of_channel": channel}


def _columns(tenant: TenantId, user: UserId, channel: ChannelName) -> dict[str, str]:
    return {"tenant": tenant, "user_id": user, "channel": channel}
