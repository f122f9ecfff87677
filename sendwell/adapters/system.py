"""The machine's clock, chance and ids."""

import random
import time

import uuid_utils

from sendwell.domain.ids import COUNTER_BITS


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def elapsed(self) -> float:
        return time.monotonic()


class SystemChance:
    """The interpreter's generator."""

    def draw(self) -> float:
        return random.random()  # noqa: S311 - jitter is no secret


class SystemIds:
    """UUIDv7 and journal positions. `last` is the highest position the database holds."""

    def __init__(self, last: int = 0) -> None:
        self._last = last

    def notification(self) -> str:
        return str(uuid_utils.uuid7())

    def position(self) -> int:
        now = (time.time_ns() // 1_000_000) << COUNTER_BITS
        self._last = max(now, self._last + 1)
        return self._last
