"""The limiter that processes share through Redis: each question is one script, run as a whole.

A Redis that was emptied lets through one burst a key more than it should, and no more than that.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError

from sendwell.adapters.limiter.question import OUTLASTS_US, Question, questions
from sendwell.domain.errors import Unavailable
from sendwell.domain.limits import Answer, Demand

_PREFIX = "sendwell:limit:"
_PATIENCE = timedelta(seconds=1)
_CONNECTIONS = 4
_SCRIPT = Path(__file__).with_name("take.lua")


class RedisLimiter:
    """Redis by `redis://[:password@]host:port/db`, or `rediss://…?ca=/path/of/authority.pem`.

    A call of very many demands is made in several questions, between which others come in. When
    one of them is not answered, what those before it took stays taken: too little goes out then.
    `within` is for all of a question: waiting for a connection, making it, and being answered.
    """

    def __init__(self, url: str, *, within: timedelta = _PATIENCE) -> None:
        self._within = within
        self._script = _SCRIPT.read_text()
        self._digest = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._redis = Redis.from_pool(_pool(url))

    async def take(self, demands: Sequence[Demand], now: int) -> list[Answer]:
        answers: list[Answer] = []
        for question in questions(demands):
            answers += question.answers(await self._ask(question, now))
        return answers

    async def close(self) -> None:
        """Let go of every connection. Idempotent."""
        await self._redis.aclose()

    async def _ask(self, question: Question, now: int) -> Sequence[int]:
        if not question.keys:
            return ()
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await self._run(question, now)
        except (RedisError, OSError) as error:  # OSError: also a time-out
            why = type(error).__name__  # its words may hold a key, and that is a person's
            raise Unavailable(f"The limiter's Redis cannot be asked right now ({why}).") from error

    async def _run(self, question: Question, now: int) -> Sequence[int]:
        keys = [_PREFIX + key for key in question.keys]
        numbers = msgspec.msgpack.encode((
            now, OUTLASTS_US, question.intervals, question.tolerances,
            question.sizes, question.wanted,
        ))  # fmt: skip
        refused: list[int]
        try:
            refused = await self._redis.evalsha(self._digest, len(keys), *keys, numbers)
        except NoScriptError:  # it is new or was restarted; EVAL makes it remember the script
            refused = await self._redis.eval(self._script, len(keys), *keys, numbers)
        return refused


def _pool(url: str) -> BlockingConnectionPool:
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if "ca" in options:
        options["ssl_ca_certs"] = options.pop("ca")
    # Once more, at once, on a new connection: Redis has closed the old one, or the server behind it
    # is the primary no longer.
    retry = Retry(NoBackoff(), retries=1, supported_errors=(Disconnected, ReadOnlyError))
    return BlockingConnectionPool.from_url(
        urlunsplit(parts._replace(query=urlencode(options))),
        max_connections=_CONNECTIONS,
        retry=retry,
        timeout=None,  # these are parts of what the question has
        socket_connect_timeout=None,
        socket_timeout=None,
    )
