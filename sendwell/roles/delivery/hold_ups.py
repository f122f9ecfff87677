"""Whose deliveries of a channel are held up together, and for how long."""

from sendwell.ports.clock import Clock
from sendwell.roles.delivery.over import Who


class HoldUps:
    """By a clock that nobody sets: else who sets it back makes each pause longer by as much."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[Who, float] = {}

    def __contains__(self, who: Who) -> bool:
        return who in self._ends and self._ends[who] > self._clock.elapsed()

    def add(self, who: Who, microseconds: int) -> None:
        """They wait for so long from now on, unless it is longer already."""
        end = self._clock.elapsed() + microseconds / 1e6
        self._ends[who] = max(self._ends.get(who, end), end)

    def clear(self) -> None:
        """They are over, whatever they were for."""
        self._ends.clear()

    def left(self) -> list[float]:
        """The seconds of each that is not over."""
        now = self._clock.elapsed()
        self._ends = {who: end for who, end in self._ends.items() if end > now}
        return [end - now for end in self._ends.values()]
