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
    row,
)
from sendwell.adapters.history.cassandra.session import CassandraSession
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import NotificationId, TenantId, UserId
from sendwell.ports.history import Event

_CHUNK = 256


class CassandraHistory:
    """See the port. `url` is `cassandra://user:password@host:port,…/keyspace?…`; see Place.

    It connects, and makes what is not there yet, with the first call.
    """

    def __init__(self, url: str) -> None:
        self._session = _session(Place.parse(url))

    async def record(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), _CHUNK):
            chunk = events[start : start + _CHUNK]
            async with asyncio.TaskGroup() as group:
                calls = [
                    group.create_task(self._try(name, values))
                    for event in chunk
                    for name, values in _rows(event)
                ]
            for call in calls:
                if (error := call.result()) is not None:
                    raise error

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

    async def close(self) -> None:
        await self._session.close()

    async def _try(self, name: str, values: Sequence[Any]) -> Exception | None:
        """The failure as a value: one of many does not cancel the others half way."""
        try:
            await self._session.run(name, values)
        except Unavailable as error:
            return error
        return None


def _rows(event: Event) -> Iterator[tuple[str, tuple[Any, ...]]]:
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
        },
    )
