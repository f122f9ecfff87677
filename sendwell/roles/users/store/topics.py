"""Topics and who has subscribed to them, as rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from sendwell.domain.consent import Modes, Preferences
from sendwell.domain.errors import Conflict
from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.topic import path_of
from sendwell.ports.database import Database, Write
from sendwell.roles.users.store.choices import preferences_of
from sendwell.roles.users.tables import PERSON, SUBSCRIPTION, TOPIC

MOST_TOPICS = 1_000
"""Of a tenant: every process keeps them in memory."""


class Topic(NamedTuple):
    """What people can subscribe to. `is_opt_in`: it reaches only those who have."""

    key: str
    name: str
    description: str
    is_opt_in: bool
    created_at: int = 0
    updated_at: int = 0


class Candidate(NamedTuple):
    """Somebody who has subscribed to a topic or one above it, and all that they have chosen."""

    user: UserId
    chosen: Preferences


class TopicStore:
    """Topics on a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, tenant: TenantId, topic: Topic, *, now: int) -> bool:
        """Store a topic in place of any before; True for a new one. Raises Conflict
        (too_many_topics).
        """
        ((is_new,),) = await self._database.commit([Write(_put, [_Put(tenant, topic, now)])])
        return bool(is_new)

    async def find(self, tenant: TenantId, key: str) -> Topic | None:
        """The topic, if there is one."""
        rows = await self._database.rows(select(TOPIC).where(_is(tenant, key)))
        return _topic(rows[0]) if rows else None

    async def page(self, tenant: TenantId, *, after: str, limit: int) -> list[Topic]:
        """Topics in the order of their keys, from behind that one on."""
        rows = await self._database.rows(
            select(TOPIC)
            .where(TOPIC.c.tenant == tenant, TOPIC.c.topic > after)
            .order_by(TOPIC.c.topic)
            .limit(limit)
        )
        return [_topic(row) for row in rows]

    async def modes(self, tenant: TenantId) -> Modes:
        """All topics of a tenant, each with whether only those get it who have subscribed."""
        rows = await self._database.rows(
            select(TOPIC.c.topic, TOPIC.c.is_opt_in).where(TOPIC.c.tenant == tenant)
        )
        return {row.topic: bool(row.is_opt_in) for row in rows}

    async def delete(self, tenant: TenantId, key: str) -> bool:
        """Take a topic away; False where there was none. What people chose about it stays."""
        (done,) = await self._database.execute(delete(TOPIC).where(_is(tenant, key)))
        return done.rowcount > 0

    async def candidates(
        self, tenant: TenantId, key: str, *, after: str, limit: int
    ) -> Sequence[Candidate]:
        """Who may get that topic by subscription, in the order of ids, from behind that one on."""
        subscribed = (
            select(SUBSCRIPTION.c.user_id)
            .where(
                SUBSCRIPTION.c.tenant == tenant,
                SUBSCRIPTION.c.topic.in_(path_of(key)),
                SUBSCRIPTION.c.user_id > after,
            )
            .distinct()
            .order_by(SUBSCRIPTION.c.user_id)
            .limit(limit)
            .subquery()
        )
        rows = await self._database.rows(
            select(PERSON.c.user_id, PERSON.c.preferences)
            .join(subscribed, subscribed.c.user_id == PERSON.c.user_id)
            .where(PERSON.c.tenant == tenant)
            .order_by(PERSON.c.user_id)
        )
        return [Candidate(row.user_id, preferences_of(row.preferences)) for row in rows]

    async def since(self, tenant: TenantId, user: UserId) -> dict[str, int]:
        """A person's subscriptions, each with when it began."""
        rows = await self._database.rows(
            select(SUBSCRIPTION.c.topic, SUBSCRIPTION.c.at).where(
                SUBSCRIPTION.c.tenant == tenant, SUBSCRIPTION.c.user_id == user
            )
        )
        return {row.topic: row.at for row in rows}


class _Put(NamedTuple):
    tenant: TenantId
    topic: Topic
    at: int


def _put(connection: Connection, puts: Sequence[_Put]) -> list[bool]:
    return [_put_one(connection, put) for put in puts]


def _put_one(connection: Connection, put: _Put) -> bool:
    topic = put.topic
    values = {
        "name": topic.name,
        "description": topic.description,
        "is_opt_in": topic.is_opt_in,
        "updated_at": put.at,
    }
    which = _is(put.tenant, topic.key)
    if connection.execute(update(TOPIC).where(which).values(values)).rowcount:
        return False
    _refuse_too_many(connection, put.tenant)
    row = {"tenant": put.tenant, "topic": topic.key, "created_at": put.at, **values}
    connection.execute(insert(TOPIC).values(row))
    return True


def _refuse_too_many(connection: Connection, tenant: TenantId) -> None:
    count = select(func.count()).select_from(TOPIC).where(TOPIC.c.tenant == tenant)
    if connection.execute(count).scalar_one() >= MOST_TOPICS:
        raise Conflict(
            f"There are {MOST_TOPICS} topics, and that is the most. Delete one that nobody needs.",
            code="too_many_topics",
        )


def _is(tenant: TenantId, key: str) -> ColumnElement[bool]:
    return and_(TOPIC.c.tenant == tenant, TOPIC.c.topic == key)


def _topic(row: Row[Any]) -> Topic:
    return Topic(
        row.topic, row.name, row.description, bool(row.is_opt_in), row.created_at, row.updated_at
    )
