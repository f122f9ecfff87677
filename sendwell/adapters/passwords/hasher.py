"""The port of passwords, on threads of its own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from sendwell.adapters.passwords.argon2id import Argon2id
from sendwell.adapters.passwords.bcrypt import Bcrypt
from sendwell.adapters.passwords.scheme import Scheme
from sendwell.domain.errors import Unavailable
from sendwell.domain.passwords import PasswordHash

log = structlog.get_logger()
_T = TypeVar("_T")
_THREADS = 2
_MOST_WAITING = 64


class SlowPasswords:
    """Makes hashes by the first scheme and understands those of all.

    Two at a time: more would take the processors from everything else. When 64 wait, the next one
    is told to come later.
    """

    def __init__(self, schemes: Sequence[Scheme]) -> None:
        self._schemes = schemes
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="passwords")
        self._waiting = 0
        self._nobody: str | None = None

    async def hash(self, password: str) -> str:
        return await self._work(lambda: self._schemes[0].hash(password))

    async def is_right(self, password: str, stored: str | None) -> bool:
        if stored is None:
            await self._work(lambda: self._check_nobody(password))
            return False
        return await self._work(lambda: self._check(password, stored))

    def is_outdated(self, stored: str) -> bool:
        return not self._schemes[0].is_current(stored)

    async def close(self) -> None:
        """Finish what has begun."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _work(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many people are signing in. Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def _check(self, password: str, stored: str) -> bool:
        self._of_nobody()  # made by whoever is first: it takes as long as a check
        scheme = next((each for each in self._schemes if each.is_ours(stored)), None)
        if scheme is None:
            log.error("passwords.unknown_kind", kind=stored[:10])
            return self._check_nobody(password)
        return scheme.is_right(password, stored)

    def _check_nobody(self, password: str) -> bool:
        """As much work as for a stored hash; never right."""
        self._schemes[0].is_right(password, self._of_nobody())
        return False

    def _of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = self._schemes[0].hash("nobody's password")
        return self._nobody


def choose(wanted: PasswordHash) -> SlowPasswords:
    """Hashes in the way that is set; those of the other way are understood."""
    both: list[Scheme] = [Bcrypt(), Argon2id()]
    return SlowPasswords(both if wanted is PasswordHash.BCRYPT else both[::-1])
