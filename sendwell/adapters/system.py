"""The machine's clock, chance and ids."""

import random
import time

import uuid_utils

from sendwell.domain.ids import next_position


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

    def __init__(self, last: int = 0, *, node: int = 0) -> None:
        self._last = last
        self._node = node

    def notification(self) -> str:
        return str(uuid_utils.uuid7())

    def position(self) -> int:
        self._last = next_position(self._last, time.time_ns() // 1_000_000, self._node)
        return self._last
