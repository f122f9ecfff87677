"""History on Cassandra: three tables, each event a row in each of them."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

from sendwell.adapters.history.cassandra.place import Place
from sendwell.adapters.history.cassandra.rows import (
    bucket_of,
    day_of,
    event_of,
    insert,
    month_of,
    months_until,
    place_of,
    row,
    text_left,
)
from sendwell.adapters.history.cassandra.session import CassandraSession
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import NotificationId, TenantId, UserId
from sendwell.ports.history import Event

_CHUNK = 768
_PAGE = 5_000
_Write = tuple[str, tuple[Any, ...]]
"""A statement's name, and what it binds."""

_ROW = "at=? AND step=? AND notification=? AND delivery=? AND attempt=?"


class CassandraHistory:
    """See the port. `url` is `cassandra://user:password@host:port,…/keyspace?…`; see Place.

    It connects, and makes what is not there yet, with the first call.
    """

    def __init__(self, url: str) -> None:
        place = Place.parse(url)
        self._session = _session(place)
        self._keeps = place.keeps

    async def record(self, events: Sequence[Event]) -> None:
        await self._write([write for event in events for write in _rows(event)])

    async def of_notification(
        self, tenant: TenantId, notification: NotificationId
    ) -> Sequence[Event]:
        found = await self._session.run("of_notification", (tenant, notification))
        return [event_of(each) for each in found]

    async def of_recipient(
        self, tenant: TenantId, user: UserId, *, before: int, limit: int
    ) -> Sequence[Event]:
        month = month_of(before - 1)
        found = await self._session.run("of_recipient", (tenant, user, month, before, limit))
        return [event_of(each) for each in found]

    async def forget(self, tenant: TenantId, user: UserId, *, now: int) -> int:
        count = 0
        for month, ends in months_until(now, self._keeps):
            before = ends
            while events := await self.of_recipient(tenant, user, before=before, limit=_PAGE):
                await self._write([write for event in events for write in _unnamed(event)])
                count += len(events)
                if len(events) < _PAGE:
                    break
                # Those of the last moment may go on behind the page: they are read once more.
                before = events[-1].at + (events[0].at != events[-1].at)
            await self._session.run("forget_recipient", (tenant, user, month))
        return count

    async def close(self) -> None:
        await self._session.close()

    async def _write(self, writes: Sequence[_Write]) -> None:
        """Some at a time; raises Unavailable where one of them failed."""
        for start in range(0, len(writes), _CHUNK):
            async with asyncio.TaskGroup() as group:
                calls = [
                    group.create_task(self._try(name, values))
                    for name, values in writes[start : start + _CHUNK]
                ]
            for call in calls:
                if (error := call.result()) is not None:
                    raise error

    async def _try(self, name: str, values: Sequence[Any]) -> Exception | None:
        """The failure as a value: one of many does not cancel the others half way."""
        try:
            await self._session.run(name, values)
        except Unavailable as error:
            return error
        return None


def _unnamed(event: Event) -> Iterator[_Write]:
    """Where the event stands beside others', it loses the person, and what vendors said."""
    text, place = text_left(event), place_of(event)
    day = event.tenant, day_of(event.at), bucket_of(event)
    yield "unname_in_day", (text, *day, *place)
    yield "unname_in_notification", (text, event.tenant, *place)


def _rows(event: Event) -> Iterator[_Write]:
    yield "by_notification", row(event)
    yield "by_day", row(event, day_of(event.at), bucket_of(event))
    if event.user_id is not None:
        yield "by_recipient", row(event, month_of(event.at))


def _session(place: Place) -> CassandraSession:
    return CassandraSession(
        place,
        {
            "by_notification": insert(place, "event_by_notification"),
            "by_day": insert(place, "event_by_day", "day", "bucket"),
            "by_recipient": insert(place, "event_by_recipient", "month"),
            "of_notification": f"SELECT * FROM {place.keyspace}.event_by_notification"  # noqa: S608 - our names
            " WHERE tenant=? AND notification=?",
            "of_recipient": f"SELECT * FROM {place.keyspace}.event_by_recipient"  # noqa: S608 - as above
            " WHERE tenant=? AND user_id=? AND month=? AND at<? LIMIT ?",
            "forget_recipient": f"DELETE FROM {place.keyspace}.event_by_recipient"  # noqa: S608 - as above
            " WHERE tenant=? AND user_id=? AND month=?",
            "unname_in_day": f"UPDATE {place.keyspace}.event_by_day"  # noqa: S608 - as above
            f" SET user_id=null, text=? WHERE tenant=? AND day=? AND bucket=? AND {_ROW}",
            "unname_in_notification": f"UPDATE {place.keyspace}.event_by_notification"  # noqa: S608 - as above
            f" SET user_id=null, text=? WHERE tenant=? AND {_ROW}",
        },
    )
