"""What the inbox keeps, on a SQL database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, Select, func, select, update

from sendwell.domain.ids import TenantId
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.database import Database, Unit, Write
from sendwell.roles.inbox import hot, rows
from sendwell.roles.inbox.message import InboxMessage, MessagePage
from sendwell.roles.inbox.tables import INBOX_MESSAGE as MESSAGE
from sendwell.runtime.ageing import forget_aged
from sendwell.runtime.reading import read_portion

Owner = tuple[TenantId, str]
"""Whose inbox it is: a tenant and the id of a person there."""


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is personal in a message."""

    title: str | None
    body: str
    data: dict[str, str] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Body).decode


class InboxStore:
    """Messages by owner; every question is for one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, outgoing: Outgoing, at: int, *, told: Unit = ()) -> int:
        """Store a message durably and give its id; the same key is stored once. What is `told` of
        it goes with it.
        """
        numbers, *_ = await self._database.commit([Write(hot.put, [_row(outgoing, at)]), *told])
        return int(numbers[0])

    async def page(
        self, owner: Owner, *, before: int | None, limit: int, is_unread: bool = False
    ) -> MessagePage:
        """Messages older than the id `before`, newest first: fewer than `limit` where they are
        long.
        """
        question = _of(owner)
        if before is not None:
            question = question.where(MESSAGE.c.id < before)
        if is_unread:
            question = question.where(MESSAGE.c.read_at.is_(None))
        rows, last = await self._read(question, limit=limit + 1, is_newest_first=True)
        shown = [_message(row) for row in rows[:limit]]
        return MessagePage(shown, shown[-1].id if len(rows) > limit else last)

    async def behind(self, owner: Owner, number: int, *, limit: int) -> MessagePage:
        """Messages newer than the id, in the order they came; as many as `page` gives."""
        rows, last = await self._read(_of(owner).where(MESSAGE.c.id > number), limit=limit)
        return MessagePage([_message(row) for row in rows], last)

    async def newest(self, owner: Owner) -> int:
        """The highest id in the inbox, 0 when it is empty."""
        question = _of(owner).with_only_columns(func.max(MESSAGE.c.id).label("newest"))
        (row,) = await self._database.rows(question)
        return row.newest or 0

    async def unread(self, owner: Owner) -> int:
        """How many messages nobody has read."""
        question = _of(owner).with_only_columns(func.count().label("unread"))
        (row,) = await self._database.rows(question.where(MESSAGE.c.read_at.is_(None)))
        return int(row.unread)

    async def read(self, owner: Owner, number: int, at: int) -> bool:
        """Note when it was first read; False when there is no such message."""
        tenant, user_id = owner
        (done,) = await self._database.execute(
            update(MESSAGE)
            .where(MESSAGE.c.tenant == tenant, MESSAGE.c.user_id == user_id, MESSAGE.c.id == number)
            .values(read_at=func.coalesce(MESSAGE.c.read_at, at))
        )
        return done.rowcount > 0

    async def forget(self, before: int) -> int:
        """Forget what came before then, read or not; gives how many those were."""
        return await forget_aged(self._database, MESSAGE, before, long=MESSAGE.c.body)

    async def _read(
        self, question: Select[Any], *, limit: int, is_newest_first: bool = False
    ) -> tuple[Sequence[Row[Any]], int | None]:
        return await read_portion(
            self._database,
            question,
            key=MESSAGE.c.id,
            long=MESSAGE.c.body,
            limit=limit,
            is_newest_first=is_newest_first,
        )


def _of(owner: Owner) -> Select[Any]:
    tenant, user_id = owner
    return select(MESSAGE).where(MESSAGE.c.tenant == tenant, MESSAGE.c.user_id == user_id)


def _row(outgoing: Outgoing, at: int) -> rows.Row:
    content = outgoing.content
    body = _Body(
        title=content.title or content.subject,
        body=content.body or content.text or "",
        data=content.data or {},
    )
    return rows.Row(
        tenant=outgoing.tenant,
        user_id=outgoing.address,
        key=outgoing.key,
        event_type=outgoing.event_type,
        notification=outgoing.notification,
        at=at,
        body=_encode(body),
    )


def _message(row: Row[Any]) -> InboxMessage:
    body = _decode(row.body)
    return InboxMessage(
        id=row.id,
        event_type=row.event_type,
        notification=row.notification,
        title=body.title,
        body=body.body,
        data=body.data,
        at=row.at,
        read_at=row.read_at,
    )
