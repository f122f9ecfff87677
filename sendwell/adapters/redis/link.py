"""A Redis that nothing depends on: it is asked for a moment, and left alone while it is away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sendwell.adapters.redis.pool import pool
from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.errors import Unavailable
from sendwell.ports.clock import Clock

log = structlog.get_logger()
_CONNECTIONS = 4
_SPARED = BreakerPolicy(failures=2, window=timedelta(seconds=10), rest=timedelta(seconds=1))
"""So whoever asks waits for it in vain twice, and then one of them a second."""
_AWAY = "The Redis that services share cannot be asked right now ({why})."
A = TypeVar("A")


class Link:
    """Asks it. `within` is for all of a question: a connection, and the answer.

    An outage is logged when it begins and when it ends, and begins with one `count_outage()`.
    """

    def __init__(
        self, url: str, *, clock: Clock, within: timedelta, count_outage: Callable[[], object]
    ) -> None:
        self._redis = Redis.from_pool(pool(url, connections=_CONNECTIONS))
        self._clock = clock
        self._within = within.total_seconds()
        self._count_outage = count_outage
        self._breaker = Breaker(_SPARED)
        self._is_away = False

    async def ask(self, question: Callable[[Redis], Awaitable[A]]) -> A:
        """The answer. Raises Unavailable where there is none in time."""
        if not self._breaker.allows(self._now()):
            raise Unavailable(_AWAY.format(why="it did not answer a moment ago"))
        self._breaker = self._breaker.after_start(self._now())
        try:
            async with asyncio.timeout(self._within):
                answer = await question(self._redis)
        except (RedisError, OSError) as error:  # OSError: also a time-out
            self._breaker = self._breaker.after_failure(self._now())
            self._say_away(error)
            # Its own words may hold a key or a value, and that is a person's.
            raise Unavailable(_AWAY.format(why=type(error).__name__)) from error
        self._breaker = self._breaker.after_success(self._now())
        self._say_back()
        return answer

    async def close(self) -> None:
        """Let go of every connection. Idempotent."""
        await self._redis.aclose()

    def _now(self) -> int:
        return int(self._clock.elapsed() * 1e6)

    def _say_away(self, error: Exception) -> None:
        if self._breaker.is_untouched or self._is_away:
            return
        self._is_away = True
        self._count_outage()
        log.warning("cache.away", why=type(error).__name__)

    def _say_back(self) -> None:
        if self._is_away and self._breaker.is_untouched:
            self._is_away = False
            log.info("cache.back")
