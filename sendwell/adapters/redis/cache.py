"""What services remember together, in Redis."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import compress

from redis.asyncio import Redis

from sendwell.adapters.redis.link import Link
from sendwell.adapters.redis.names import Names
from sendwell.domain.errors import Unavailable

_MILLISECOND = timedelta(milliseconds=1)
_MOST_BYTES = 256 * 1024
"""A longer answer is asked for each time: it would hold up all others on the connection."""


class RedisCache:
    """See the port. A doubt stands where the answer stood, and is empty.

    What others than services have put there is not believed: it would say where messages go.
    """

    def __init__(self, link: Link, names: Names) -> None:
        self._link = link
        self._names = names
        self._entry = names.entry

    async def find(
        self, topic: str, words: Sequence[str], *, unless: str | None = None
    ) -> Sequence[bytes | None]:
        marks = [] if unless is None else [self._entry(topic, unless)]
        keys = [*marks, *(self._entry(topic, word) for word in words)]
        try:
            found = await self._link.ask(partial(_get, keys=keys))
        except Unavailable:
            return [None] * len(words)
        if any(each is not None for each in found[: len(marks)]):
            return [None] * len(words)
        return [
            self._names.opened(key, sealed) if sealed else None
            for key, sealed in zip(keys[len(marks) :], found[len(marks) :], strict=True)
        ]

    async def keep(self, topic: str, answers: Mapping[str, bytes], *, lasts: timedelta) -> None:
        milliseconds = lasts // _MILLISECOND
        small = [len(value) <= _MOST_BYTES for value in answers.values()]
        named = [(self._entry(topic, word), value) for word, value in answers.items()]
        kept = [(key, self._names.sealed(key, value)) for key, value in compress(named, small)]
        if milliseconds <= 0 or not kept:
            return
        try:
            await self._link.ask(partial(_set, kept=kept, milliseconds=milliseconds))
        except Unavailable:
            return


async def _get(redis: Redis, *, keys: Sequence[str]) -> list[bytes | None]:
    return [value if isinstance(value, bytes) else None for value in await redis.mget(keys)]


async def _set(redis: Redis, *, kept: Sequence[tuple[str, bytes]], milliseconds: int) -> None:
    async with redis.pipeline(transaction=False) as pipeline:
        for key, value in kept:
            pipeline.set(key, value, px=milliseconds, nx=True)
        await pipeline.execute()
