"""What was answered, for some seconds."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from sendwell.ports.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """At most `most` answers; the oldest are forgotten first."""

    def __init__(self, clock: Clock, *, seconds: float, most: int = 10_000) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._known: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def find(self, key: K) -> tuple[V] | None:
        """The answer, in a tuple, for it may be None."""
        known = self._known.get(key)
        if known is None or known[0] <= self._clock.elapsed():
            return None
        return (known[1],)

    def keep(self, key: K, value: V, *, seconds: float | None = None) -> None:
        """Remember the answer from now on; `seconds`: for another time than usual."""
        self._known.pop(key, None)
        lasts = self._seconds if seconds is None else seconds
        self._known[key] = (self._clock.elapsed() + lasts, value)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, key: K) -> None:
        """Ask again next time."""
        self._known.pop(key, None)
