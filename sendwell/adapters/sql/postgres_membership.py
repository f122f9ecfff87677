"""Who shares a PostgreSQL database: leases on numbers, by the server's clock."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import structlog

from sendwell.adapters.sql.direct import DirectConnection
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import NODES, Node
from sendwell.ports.clock import Clock
from sendwell.ports.membership import TakeOver

log = structlog.get_logger()
_RENEWALS = 4
"""In the time of one lease."""


class PostgresMembership:
    """See the port. `lost` is called once, when somebody else has our number."""

    def __init__(
        self,
        direct: DirectConnection,
        clock: Clock,
        *,
        node: int,
        epoch: int,
        seconds: float,
        lost: Callable[[], None],
        service: str = "",
    ) -> None:
        self.node = Node(node)
        self._service = service
        self.epoch = epoch
        self.members = 1
        self._direct = direct
        self._clock = clock
        self._seconds = seconds
        self._lost = lost
        self._good_until = clock.elapsed() + seconds
        self._steady_since = clock.elapsed()
        self._left = False
        self._starting = asyncio.create_task(self._hold_while_starting())

    @classmethod
    async def join(
        cls,
        direct: DirectConnection,
        clock: Clock,
        *,
        seconds: float,
        lost: Callable[[], None],
        service: str = "",
    ) -> Self:
        """Become a member: with the number of one that has died, so that its work goes on, else
        with a new one. Only processes of the same `service` can do each other's work.
        Raises Unavailable.
        """
        holder = f"{_machine()} {os.getpid()}"
        await _bury_those_of_this_machine(direct)
        for _ in range(NODES):
            for question in (_TAKE_ANY, _TAKE_NEW):
                if rows := await direct.fetch(question, holder, seconds, service):
                    node, epoch = rows[0]
                    log.info("cluster.joined", node=node, epoch=epoch)
                    joined = cls(
                        direct,
                        clock,
                        node=node,
                        epoch=epoch,
                        seconds=seconds,
                        lost=lost,
                        service=service,
                    )
                    await joined._renew()
                    return joined
        raise Unavailable(f"No number is free: {NODES} processes share this database.")

    def holds(self) -> bool:
        return self._clock.elapsed() < self._good_until

    async def keep(self, take_over: TakeOver) -> None:
        self._starting.cancel()
        while True:
            await asyncio.sleep(self._seconds / _RENEWALS)
            try:
                if not await self._renew():
                    self._lost()
                    return
                if self._is_steady():
                    await self._take_over_the_dead(take_over)
            except Unavailable as error:
                # An outage makes everybody's lease old; nobody is dead because of that.
                self._steady_since = self._clock.elapsed()
                log.warning("cluster.lease_not_renewed", error=error.message)

    async def leave(self) -> None:
        self._starting.cancel()
        if not self._left:
            self._left = True
            self._good_until = 0
            await self._direct.fetch(_LEAVE, self.node, self.epoch)

    async def _hold_while_starting(self) -> None:
        """Until `keep` does: a start may take longer than a lease, where a broker is away."""
        while True:
            await asyncio.sleep(self._seconds / _RENEWALS)
            with suppress(Unavailable):
                if not await self._renew():
                    self._lost()
                    return

    async def _renew(self) -> bool:
        asked_at = self._clock.elapsed()
        rows = await self._direct.fetch(_RENEW, self.node, self.epoch, self._seconds)
        if rows:
            self._good_until = asked_at + self._seconds
            (self.members,) = rows[0]
        return bool(rows)

    def _is_steady(self) -> bool:
        """Whether we could renew for so long that everybody alive could, too."""
        return self._clock.elapsed() - self._steady_since > self._seconds

    async def _take_over_the_dead(self, take_over: TakeOver) -> None:
        for (node,) in await self._direct.fetch(_DEAD, self._service):
            holder = f"node {self.node} takes over"
            if rows := await self._direct.fetch(_TAKE_ONE, holder, self._seconds, node):
                log.warning("cluster.takes_over", node=node)
                keeping = asyncio.create_task(self._keep_other(node, rows[0][1]))
                try:
                    left = await take_over(Node(node))
                finally:
                    keeping.cancel()
                await self._direct.fetch(_FORGET, node, rows[0][1])
                log.info("cluster.took_over", node=node, left=left)

    async def _keep_other(self, node: int, epoch: int) -> None:
        """While a node's work is being taken over nobody else begins to."""
        while True:
            await asyncio.sleep(self._seconds / _RENEWALS)
            try:
                await self._renew()
                await self._direct.fetch(_RENEW, node, epoch, self._seconds)
            except Unavailable:
                continue


async def _bury_those_of_this_machine(direct: DirectConnection) -> None:
    """A process of this machine that is gone needs no waiting for: its lease ends now."""
    for node, epoch, holder in await direct.fetch(_LIVING):
        machine, _, process = holder.rpartition(" ")
        if machine == _machine() and process.isdecimal() and not _runs(int(process)):
            await direct.fetch(_LEAVE, node, epoch)


def _machine() -> str:
    """Where a process number means the same process: two containers may have one host name, and in
    each of them number 1 is another one.
    """
    with suppress(OSError):  # there are such namespaces on Linux only
        return f"{socket.gethostname()[:200]} {_NAMESPACE.readlink()}"
    return socket.gethostname()[:200]


def _runs(process: int) -> bool:
    """Whether another process than this one has that number."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


_NAMESPACE = Path("/proc/self/ns/pid")

# The lock is what the fence of the former holder holds while it commits: it ends first.
_TAKE = """
    WITH locked AS (SELECT node, pg_advisory_xact_lock(7370602, node) FROM ({which}) AS which)
    UPDATE lease SET epoch=nextval('lease_epoch'), holder=$1, until=now()+$2*interval '1 second'
    FROM locked WHERE lease.node=locked.node AND lease.until<now()
    RETURNING lease.node, lease.epoch"""

_EXPIRED = """
    SELECT node FROM lease WHERE until<now() AND service=$3
    ORDER BY node LIMIT 1 FOR UPDATE SKIP LOCKED"""
_TAKE_ANY = _TAKE.format(which=_EXPIRED)
_TAKE_ONE = _TAKE.format(
    which="SELECT node FROM lease WHERE until<now() AND node=$3 FOR UPDATE SKIP LOCKED"
)

_TAKE_NEW = """
    INSERT INTO lease(node,epoch,holder,until,service)
    SELECT min(n), nextval('lease_epoch'), $1, now()+$2*interval '1 second', $3
    FROM generate_series(0,1023) AS n WHERE n NOT IN (SELECT node FROM lease)
    HAVING min(n) IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING node, epoch"""

_RENEW = """
    UPDATE lease SET until=now()+$3*interval '1 second' WHERE node=$1 AND epoch=$2
    RETURNING (SELECT count(*)::int FROM lease AS l WHERE l.until>now())"""

_LEAVE = "UPDATE lease SET until='-infinity' WHERE node=$1 AND epoch=$2"
_LIVING = "SELECT node, epoch, holder FROM lease WHERE until>=now() ORDER BY node"
_DEAD = "SELECT node FROM lease WHERE until<now() AND service=$1 ORDER BY node"
_FORGET = "DELETE FROM lease WHERE node=$1 AND epoch=$2"
