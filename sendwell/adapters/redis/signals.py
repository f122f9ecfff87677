"""Signals by PUBLISH, past all databases: for services that have one each."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError

from sendwell.adapters.redis.link import Link
from sendwell.adapters.redis.names import Names
from sendwell.adapters.redis.pool import pool
from sendwell.domain.pauses import Pauses
from sendwell.ports.cache import DOUBT
from sendwell.ports.database import Unit
from sendwell.ports.signals import Heard

log = structlog.get_logger()
_PATIENCE_SECONDS = 5
_QUIET = timedelta(seconds=2)
"""After so long a silence the server is asked whether it is there, and after another it is not."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 2.0
_DOUBT_MS = DOUBT // timedelta(milliseconds=1)


class RedisSignals:
    """See the port: all is told after the commit. `run` must run to hear anything.

    What is told is put in doubt for all who look into the cache in the same step (MULTI): who has
    heard of a change, or was told that it is stored, never finds there what was before.
    """

    def __init__(self, url: str, link: Link, names: Names, *, quiet: timedelta = _QUIET) -> None:
        self._redis = Redis.from_pool(pool(url, connections=1, tries=1))
        self._link = link
        self._names = names
        self._quiet = quiet.total_seconds()
        self._heard: dict[str, list[Heard]] = {}

    def told(self, topic: str, words: Collection[str]) -> Unit:
        del topic, words
        return ()

    async def tell(self, topic: str, words: Collection[str]) -> None:
        if words:
            payload = msgspec.json.encode({topic: list(words)})
            doubts = [self._names.entry(topic, word) for word in words]
            await self._link.ask(
                partial(_tell, channel=self._names.channel, payload=payload, doubts=doubts)
            )

    def listen(self, topic: str, heard: Heard) -> None:
        self._heard.setdefault(topic, []).append(heard)

    async def run(self) -> None:
        """Hear what is told, until cancelled; what was told while nothing was heard is missed."""
        pauses, is_away = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS), False
        while True:
            try:
                async with self._subscription() as subscription:
                    is_away = False
                    pauses.reset()
                    await self._hear(subscription)
            except (RedisError, OSError) as error:
                if not is_away:
                    log.warning("signals.cannot_listen", why=type(error).__name__)
                is_away = True
                await asyncio.sleep(pauses.take())

    async def close(self) -> None:
        """Let go of the connection. Idempotent."""
        await self._redis.aclose()

    @asynccontextmanager
    async def _subscription(self) -> AsyncIterator[PubSub]:
        async with self._redis.pubsub() as subscription:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await subscription.subscribe(self._names.channel)
                self._take(await subscription.parse_response())
            yield subscription

    async def _hear(self, subscription: PubSub) -> None:
        """Until the connection is lost, which is then raised."""
        while True:
            answer = await self._next(subscription)
            if answer is None:
                await subscription.ping()
                answer = await self._next(subscription)
            if answer is None:
                raise Disconnected
            self._take(answer)

    async def _next(self, subscription: PubSub) -> Any:
        return await subscription.parse_response(block=False, timeout=self._quiet)

    def _take(self, answer: Any) -> None:
        """A subscription, also one that the driver has taken up again, comes after a silence."""
        match answer:
            case [b"message", _, payload]:
                self._call(payload)
            case [b"subscribe", *_]:
                self._call_all()

    def _call_all(self) -> None:
        for each in self._heard.values():
            for heard in each:
                heard(None)

    def _call(self, payload: bytes) -> None:
        try:
            told = msgspec.json.decode(payload, type=dict[str, list[str]])
        except msgspec.DecodeError:
            self._call_all()  # a newer version says it in another way
            return
        for topic, words in told.items():
            for heard in self._heard.get(topic, ()):
                for word in words:
                    heard(word)


async def _tell(redis: Redis, *, channel: str, payload: bytes, doubts: Sequence[str]) -> None:
    async with redis.pipeline(transaction=True) as pipeline:
        for doubt in doubts:
            pipeline.set(doubt, b"", px=_DOUBT_MS)
        pipeline.publish(channel, payload)
        await pipeline.execute()
