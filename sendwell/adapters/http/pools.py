"""All connections of a client, by origin."""

import asyncio
import ssl

from sendwell.adapters.http.dial import default_tls
from sendwell.adapters.http.limits import Limits
from sendwell.adapters.http.policy import Policy
from sendwell.adapters.http.pool import Pool
from sendwell.adapters.http.target import Origin


class Pools:
    """A pool for each origin that is in use; one without connections and exchanges is forgotten."""

    def __init__(self, policy: Policy, limits: Limits, tls: ssl.SSLContext | None) -> None:
        self._policy = policy
        self._limits = limits
        self._tls = tls
        self._pools: dict[Origin, Pool] = {}
        self._count = 0
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self.is_closing = False

    def of(self, origin: Origin) -> Pool:
        """The pool for one exchange, to be begun before anybody else has a turn on the loop."""
        return self._pools.get(origin) or self._open(origin)

    def _open(self, origin: Origin) -> Pool:
        pool = Pool(origin, keeper=self, policy=self._policy, limits=self._limits, tls=self.context)
        self._pools[origin] = pool
        self._is_empty.clear()
        return pool

    def context(self) -> ssl.SSLContext:
        """How `https` is spoken."""
        if self._tls is None:
            self._tls = default_tls()  # reads the machine's certificates: only when needed
        return self._tls

    async def close(self) -> None:
        """Close idle connections now and the others as soon as their exchanges are over."""
        self.is_closing = True
        for pool in tuple(self._pools.values()):
            while pool.drop_oldest_idle():
                pass
        await self._is_empty.wait()

    def make_room(self) -> None:
        """Before one more connection is opened: close an idle one where there are too many."""
        if self._count >= self._limits.connections:
            any(pool.drop_oldest_idle() for pool in self._pools.values())

    def opened(self) -> None:
        self._count += 1

    def closed(self) -> None:
        self._count -= 1

    def emptied(self, pool: Pool) -> None:
        self._pools.pop(pool.origin, None)
        if not self._pools:
            self._is_empty.set()
