"""What the mailbox keeps, on a SQL database."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, delete, func, select

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.ports.database import Database, Write
from sendwell.roles.mailbox import hot, rows
from sendwell.roles.mailbox.message import MailboxMessage, MessagePage, Narrowing
from sendwell.roles.mailbox.tables import MAILBOX_MESSAGE as MESSAGE
from sendwell.runtime.portion import fitting, portion

_CHUNK = 500


class _Body(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is personal in a message."""

    address: str
    content: Content


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Body).decode


class MailboxStore:
    """Messages by tenant; every question is for one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, outgoing: Outgoing, at: int, *, most: int | None = None) -> int:
        """Store a message durably and give its id; the same key is stored once.

        With `most`, only that many of the tenant's newest messages are kept.
        """
        unit = [Write(hot.put, [_row(outgoing, at)])]
        if most is not None:
            unit.append(Write(hot.trim, [rows.Bound(outgoing.tenant, most)]))
        stored, *_ = await self._database.commit(unit)
        return int(stored[0])

    async def page(
        self,
        tenant: TenantId,
        narrowing: Narrowing,
        *,
        before: int | None = None,
        after: int = 0,
        limit: int,
    ) -> MessagePage:
        """Messages that match with ids between `after` and `before`: fewer than `limit` where they
        are long.
        """
        found: list[tuple[MailboxMessage, int]] = []
        look = _CHUNK if narrowing.reads_content else limit + 1
        while True:
            rows, last = await self._rows(tenant, narrowing, before=before, after=after, limit=look)
            read = ((_message(row), len(row.body)) for row in rows)
            found += (each for each in read if narrowing.admits(each[0]))
            shown = [message for message, _ in fitting(found, _size)[:limit]]
            if len(shown) < len(found):
                return MessagePage(shown, shown[-1].id)
            if last is None:
                return MessagePage(shown, None)
            before = last

    async def find(self, tenant: TenantId, number: int) -> MailboxMessage | None:
        """The message with that id."""
        rows = await self._database.rows(
            select(MESSAGE).where(MESSAGE.c.tenant == tenant, MESSAGE.c.id == number)
        )
        return _message(rows[0]) if rows else None

    async def newest(self, tenant: TenantId) -> int:
        """The highest id of the tenant's messages, 0 without one."""
        (row,) = await self._database.rows(
            select(func.max(MESSAGE.c.id).label("newest")).where(MESSAGE.c.tenant == tenant)
        )
        return row.newest or 0

    async def delete(self, tenant: TenantId, narrowing: Narrowing) -> int:
        """Delete what matches; gives how many that were."""
        if not narrowing.reads_content:
            return await self._delete(*_conditions(tenant, narrowing))
        page = await self.page(tenant, narrowing, limit=_CHUNK)
        deleted = await self._discard_all(tenant, page)
        while page.last is not None:
            page = await self.page(tenant, narrowing, before=page.last, limit=_CHUNK)
            deleted += await self._discard_all(tenant, page)
        return deleted

    async def discard(self, tenant: TenantId, numbers: Sequence[int]) -> int:
        """Delete the messages with these ids; gives how many there were."""
        return await self._delete(MESSAGE.c.tenant == tenant, MESSAGE.c.id.in_(numbers))

    async def _discard_all(self, tenant: TenantId, page: MessagePage) -> int:
        numbers = [message.id for message in page.messages]
        return await self.discard(tenant, numbers) if numbers else 0

    async def _delete(self, *conditions: ColumnElement[bool]) -> int:
        (done,) = await self._database.execute(delete(MESSAGE).where(*conditions))
        return done.rowcount

    async def _rows(
        self,
        tenant: TenantId,
        narrowing: Narrowing,
        *,
        before: int | None,
        after: int,
        limit: int,
    ) -> tuple[Sequence[Row[Any]], int | None]:
        """As many of them as fit; and the id behind which more may follow."""
        # Neither database reads a body to tell its length.
        question = select(MESSAGE.c.id, func.length(MESSAGE.c.body).label("size")).where(
            *_conditions(tenant, narrowing), MESSAGE.c.id > after
        )
        if before is not None:
            question = question.where(MESSAGE.c.id < before)
        newest_first = MESSAGE.c.id.desc()
        sizes = await self._database.rows(question.order_by(newest_first).limit(limit))
        taken, last = portion(sizes, limit, lambda row: row.size)
        if not taken:
            return (), None
        rows = await self._database.rows(
            select(MESSAGE)
            .where(
                *_conditions(tenant, narrowing),
                MESSAGE.c.id.between(taken[-1].id, taken[0].id),
            )
            .order_by(newest_first)
        )
        return rows, None if last is None else last.id


def _conditions(tenant: TenantId, narrowing: Narrowing) -> list[ColumnElement[bool]]:
    columns = ("channel", "user_id", "event_type", "notification")
    given = {name: value for name in columns if (value := getattr(narrowing, name)) is not None}
    return [
        MESSAGE.c.tenant == tenant,
        *(MESSAGE.c[name] == value for name, value in given.items()),
    ]


def _size(found: tuple[MailboxMessage, int]) -> int:
    return found[1]


def _row(outgoing: Outgoing, at: int) -> rows.Row:
    return rows.Row(
        tenant=outgoing.tenant,
        key=outgoing.key,
        channel=outgoing.channel,
        user_id=outgoing.user_id,
        event_type=outgoing.event_type,
        notification=outgoing.notification,
        part=outgoing.part,
        lane=outgoing.lane,
        at=at,
        body=_encode(_Body(outgoing.address, outgoing.content)),
    )


def _message(row: Row[Any]) -> MailboxMessage:
    body = _decode(row.body)
    return MailboxMessage(
        id=row.id,
        key=row.key,
        channel=row.channel,
        user_id=row.user_id,
        event_type=row.event_type,
        notification=row.notification,
        part=row.part,
        lane=Lane(row.lane),
        at=row.at,
        address=body.address,
        content=body.content,
    )
