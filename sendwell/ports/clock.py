"""Time and chance, so that nothing below asks the machine behind a test's back."""

from typing import Protocol


class Clock(Protocol):
    """What time it is."""

    def now(self) -> int:
        """Microseconds since 1970, UTC. May jump: for what people and the law call time."""
        ...

    def elapsed(self) -> float:
        """Seconds since some start that never goes backwards: for leases, breakers, deadlines."""
        ...


class Chance(Protocol):
    """Randomness for jitter and weights; not for secrets."""

    def draw(self) -> float:
        """A number in [0, 1)."""
        ...


class Ids(Protocol):
    """New names."""

    def notification(self) -> str:
        """A UUIDv7 as text."""
        ...

    def position(self) -> int:
        """The next journal position; grows even when the clock goes back."""
        ...
