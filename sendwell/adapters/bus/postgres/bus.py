"""The bus: its parts put together."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NoReturn

import asyncpg
import structlog

from sendwell.adapters.bus.postgres.announcer import Announcer
from sendwell.adapters.bus.postgres.declaring import declare
from sendwell.adapters.bus.postgres.listener import Listener
from sendwell.adapters.bus.postgres.member import Member
from sendwell.adapters.bus.postgres.options import parse
from sendwell.adapters.bus.postgres.parcels import (
    News,
    Row,
    announce,
    append,
    check,
    news_of,
    row,
)
from sendwell.adapters.bus.postgres.publisher import Entry, Publisher
from sendwell.adapters.bus.postgres.server import FAULTS, Server, unavailable
from sendwell.adapters.bus.postgres.statements import BEGUN, BEHIND, LAG, MEMBERS
from sendwell.adapters.bus.postgres.tidying import tidy
from sendwell.ports.bus import Parcel, Receive, Stream

log = structlog.get_logger()
_LEASE = timedelta(seconds=15)
_MOST_COUNTED = 1_000_000


class PostgresBus:
    """One database of a server, by `postgresql://user:password@host:port/name`.

    Behind the `?` stands what asyncpg takes (`sslmode=…`), and for a server behind PgBouncer in
    transaction mode `pooled=true&listen=<the URL of the server itself, percent-encoded>`: that one
    is for waking members up only. The tables are those of the owner `bus` (`migrations`).

    A member that dies without a word is replaced once its `lease` has run out and one of the
    sweeps, three in each lease, has seen it. `lag` counts to a million.
    """

    def __init__(self, url: str, *, lease: timedelta = _LEASE) -> None:
        self._server = Server(parse(url))
        self._lease = lease
        self._numbers: dict[str, int] = {}
        self._members: set[Member] = set()
        self._publisher = Publisher(self._store)
        self._announcer = Announcer(self._announce)
        self._listener = Listener(self._server, self._hear, self._miss)

    async def declare(self, streams: Sequence[Stream], *, group: str | None = None) -> None:
        with unavailable():
            async with self._server.connection() as connection:
                names = [stream.name for stream in streams]
                self._numbers |= await declare(connection, names, group=group)

    async def publish(self, stream: Stream, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            check(parcel)
        await self._publisher.publish([(stream.name, parcel) for parcel in parcels])

    async def rows(self, stream: Stream, parcels: Sequence[Parcel]) -> list[Row]:
        """What to `append` inside a transaction of the caller's; afterwards `announce` it.

        Raises Invalid as `publish` does, and Unavailable.
        """
        for parcel in parcels:
            check(parcel)
        with unavailable():
            async with self._server.connection() as connection:
                return await self._rows(connection, [(stream.name, each) for each in parcels])

    def announce(self, rows: Sequence[Row]) -> None:
        """The transaction that they were appended in is committed: wake whoever waits for them."""
        self._announcer.tell(news_of(rows))

    async def consume(
        self, streams: Sequence[Stream], *, group: str, receive: Receive, most: int = 500
    ) -> None:
        """Each stream is a member of its own: what one of them refuses does not hold up the rest.

        So `receive` is called for several streams at the same time, never for one.
        """
        self._listener.start()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tidy())
            for stream in streams:
                member = Member(
                    self._server,
                    stream,
                    group=group,
                    name=uuid.uuid4().hex,
                    receive=receive,
                    most=most,
                    lease=self._lease,
                )
                tasks.create_task(self._work(member))

    async def lag(self, streams: Sequence[Stream], *, group: str) -> int:
        with unavailable():
            async with self._server.connection() as connection:
                names = [stream.name for stream in streams]
                return int(await connection.fetchval(LAG, group, names, _MOST_COUNTED))

    async def behind(self, streams: Sequence[Stream], *, group: str) -> Mapping[str, str]:
        members = [each.name for each in self._members]
        with unavailable():
            async with self._server.connection() as connection:
                names = [stream.name for stream in streams]
                rows = await connection.fetch(BEHIND, group, names, members)
        return {row["name"]: row["mark"] for row in rows}

    async def members(self, stream: Stream, *, group: str) -> int:
        with unavailable():
            async with self._server.connection() as connection:
                return int(await connection.fetchval(MEMBERS, group, stream.name))

    async def begun(self, streams: Sequence[Stream], *, group: str) -> list[Stream]:
        with unavailable():
            async with self._server.connection() as connection:
                names = [stream.name for stream in streams]
                there = {row["name"] for row in await connection.fetch(BEGUN, group, names)}
        return [stream for stream in streams if stream.name in there]

    async def ping(self) -> str:
        with unavailable():
            async with self._server.connection() as connection:
                version = await connection.fetchval("SHOW server_version")
        return f"PostgreSQL {version.split()[0]}"

    async def close(self) -> None:
        await self._publisher.close()
        await self._announcer.close()
        await self._listener.close()
        await self._server.close()

    async def _store(self, entries: Sequence[Entry]) -> None:
        with unavailable():
            async with self._server.connection() as connection:
                rows = await self._rows(connection, entries)
                await append(connection, rows)
        self.announce(rows)

    async def _rows(self, connection: asyncpg.Connection, entries: Sequence[Entry]) -> list[Row]:
        new = [name for name in {name for name, _ in entries} if name not in self._numbers]
        if new:
            self._numbers |= await declare(connection, new)
        return [row(self._numbers[name], parcel) for name, parcel in entries]

    async def _announce(self, news: News) -> None:
        async with self._server.connection() as connection:
            await announce(connection, news)

    async def _work(self, member: Member) -> NoReturn:
        self._members.add(member)
        try:
            await member.work()
        finally:
            self._members.discard(member)

    async def _tidy(self) -> NoReturn:
        every = self._lease / 3
        while True:
            await asyncio.sleep(every.total_seconds())
            try:
                async with self._server.connection() as connection:
                    await tidy(connection, every=every)
            except FAULTS as error:
                log.warning("bus.untidy", error=type(error).__name__)

    def _hear(self, channel: str, said: str) -> None:
        stream, _, what = said.partition(" ")
        with suppress(ValueError):  # anybody may say anything there
            for member in self._members:
                if channel == "sendwell_bus_news":
                    member.hear_news(int(stream), int(what, 16))
                else:
                    member.hear_members(int(stream), what)

    def _miss(self) -> None:
        for member in self._members:
            member.miss()
