"""The driver's threads and our event loop: calls that do not block it, so many at a time."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
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
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    RoundRobinPolicy,
    TokenAwarePolicy,
)

from sendwell.adapters.history.cassandra.place import Place
from sendwell.adapters.history.cassandra.rows import make
from sendwell.domain.errors import Unavailable

_AT_ONCE = 128
"""Requests in flight; a connection of the driver takes 2,048."""
_SECONDS = 10.0
_CONNECT_SECONDS = 5.0
_RECONNECT_SECONDS = 1.0
FAILURES = (DriverException, NoHostAvailable, OSError)
"""Whatever a call may raise."""


class CassandraSession:
    """Connects when it is first needed; `statements` are prepared then, under their names."""

    def __init__(self, place: Place, statements: Mapping[str, str]) -> None:
        self._place = place
        self._texts = statements
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._cluster: Cluster | None = None
        self._session: Session | None = None
        self._prepared: dict[str, Any] = {}

    async def run(self, name: str, values: Sequence[Any]) -> Sequence[Any]:
        """Execute one prepared statement; gives all of its rows. Raises Unavailable."""
        try:
            await self._open()
            async with self._room:
                return await self._execute(self._prepared[name], values)
        except FAILURES as error:
            why = type(error).__name__  # its words may hold what was asked for
            raise Unavailable(f"Cassandra cannot be asked right now ({why}).") from error

    async def close(self) -> None:
        """Let go of every connection. Idempotent."""
        cluster, self._cluster, self._session = self._cluster, None, None
        if cluster is not None:
            await asyncio.to_thread(cluster.shutdown)

    async def _open(self) -> None:
        if self._session is not None:
            return
        async with self._opening:
            if self._session is None:
                await asyncio.to_thread(self._connect)

    def _connect(self) -> None:
        """In a thread of its own, for all of this blocks."""
        cluster = cluster_of(self._place)
        try:
            session = cluster.connect()
            for statement in make(self._place):
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
