"""The driver's threads and our event loop: calls that do not block it, so many at a time."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from cassandra import ConsistencyLevel, DriverException
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    EXEC_PROFILE_DEFAULT,
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
    Session,
)
from cassandra.metadata import Metadata
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    RoundRobinPolicy,
    TokenAwarePolicy,
)

from sendwell.adapters.history.cassandra.place import Place
from sendwell.adapters.history.cassandra.rows import make_keyspace, make_tables
from sendwell.domain.errors import Unavailable

_AT_ONCE = 128
"""Requests in flight; a connection of the driver takes 2,048."""
_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_RECONNECT_SECONDS = 1.0
_AWAY_SECONDS = 30.0
"""After so long without a host we begin anew: all of their addresses may be others by now, and the
driver looks names up only when it begins."""
FAILURES = (DriverException, NoHostAvailable, OSError)
"""Whatever a call may raise."""


class CassandraSession:
    """Connects when it is first needed; `statements` are prepared then, under their names."""

    def __init__(self, place: Place, statements: Mapping[str, str]) -> None:
        self._place = place
        self._texts = statements
        self._opening: asyncio.Task[None] | None = None
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._away_since: float | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._prepared: dict[str, Any] = {}

    async def run(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """Execute one prepared statement; gives all of its rows. Raises Unavailable."""
        try:
            await self._open()
            async with self._room:
                found = await self._execute(self._prepared[name], values)
        except FAILURES as error:
            self._notice(error)
            why = type(error).__name__  # its words may hold what was asked for
            raise Unavailable(f"Cassandra cannot be asked right now ({why}).") from error
        self._away_since = None
        return found

    async def close(self) -> None:
        """Let go of every connection. Idempotent."""
        if self._opening is not None:
            await asyncio.wait({self._opening})
        self._leave()
        if self._leaving:
            await asyncio.wait(self._leaving)

    async def _open(self) -> None:
        """All who wait for it share one attempt, and its failure."""
        if self._session is not None:
            return
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(self._connect))
            self._opening.add_done_callback(self._opened)
        await asyncio.shield(self._opening)

    def _opened(self, attempt: asyncio.Task[None]) -> None:
        self._opening = None
        if not attempt.cancelled():
            attempt.exception()  # who waited for it may be gone

    def _notice(self, error: Exception) -> None:
        """Connect anew with the next call when there has been no host for long."""
        now = asyncio.get_running_loop().time()
        if not isinstance(error, NoHostAvailable):
            return
        if self._away_since is None:
            self._away_since = now
        elif self._session is not None and now - self._away_since >= _AWAY_SECONDS:
            self._leave()

    def _leave(self) -> None:
        cluster, self._cluster, self._session = self._cluster, None, None
        self._away_since = None
        if cluster is not None:
            leaving = asyncio.create_task(asyncio.to_thread(cluster.shutdown))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _connect(self) -> None:
        """In a thread of its own, for all of this blocks."""
        cluster = cluster_of(self._place)
        try:
            session = cluster.connect()
            for statement in _missing(self._place, cluster.metadata):
                session.execute(statement)
            self._prepared = {name: session.prepare(text) for name, text in self._texts.items()}
        except BaseException:
            cluster.shutdown()
            raise
        self._cluster, self._session = cluster, session

    async def _execute(self, statement: Any, values: Sequence[Any]) -> Sequence[Any]:
        session, loop = self._session, asyncio.get_running_loop()
        if session is None:
            raise Unavailable("The connection to Cassandra is closed.")
        answer: asyncio.Future[Sequence[Any]] = loop.create_future()
        found: list[Any] = []

        def give(page: Sequence[Any] | None) -> None:
            found.extend(page or ())
            if asked.has_more_pages and not answer.done():
                asked.start_fetching_next_page()
            else:
                _hand_over(loop, answer, answer.set_result, found)

        def fail(error: Exception) -> None:
            _hand_over(loop, answer, answer.set_exception, error)

        asked = session.execute_async(statement, values)
        asked.add_callbacks(give, fail)
        return await answer


def _missing(place: Place, there: Metadata) -> Iterator[str]:
    """Only what is not there is made: for that it takes rights that a user often has not."""
    keyspace = there.keyspaces.get(place.keyspace.lower())
    if keyspace is None:
        yield make_keyspace(place)
    known = keyspace.tables if keyspace is not None else ()
    for name, statement in make_tables(place).items():
        if name not in known:
            yield statement


def has_tables(place: Place, there: Metadata) -> bool:
    """Whether all that is needed is there."""
    return not any(_missing(place, there))


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    answer: asyncio.Future[Any],
    settle: Callable[[Any], None],
    value: object,
) -> None:
    """From the driver's thread; nobody may wait any more, and the loop may have ended."""

    def in_loop() -> None:
        if not answer.done():
            settle(value)

    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(in_loop)


def cluster_of(place: Place) -> Cluster:
    """What connects to it, when it is told to. Raises OSError for a certificate it cannot read."""
    near = (
        DCAwareRoundRobinPolicy(local_dc=place.datacenter)
        if place.datacenter
        else RoundRobinPolicy()
    )
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(near),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        request_timeout=_SECONDS,
    )
    login = PlainTextAuthProvider(place.user, place.password) if place.user else None
    return Cluster(
        contact_points=list(place.hosts),
        auth_provider=login,
        ssl_context=place.encryption(),
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        reconnection_policy=ConstantReconnectionPolicy(_RECONNECT_SECONDS, max_attempts=None),
        connect_timeout=_CONNECT_SECONDS,
        control_connection_timeout=_CONNECT_SECONDS,
        protocol_version=4,
    )
