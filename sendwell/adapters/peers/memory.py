"""What was answered, for some seconds."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from sendwell.ports.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Doubt:
    """Stands where an answer stood."""


_DOUBT = _Doubt()


class Memory(Generic[K, V]):
    """At most `most` answers; the oldest are forgotten first.

    What was put in doubt is not remembered again for as long as an answer lasts: it may have been
    on its way when the change came.
    """

    def __init__(self, clock: Clock, *, seconds: float, most: int = 10_000) -> None:
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._known: OrderedDict[K, tuple[float, V | _Doubt]] = OrderedDict()

    def find(self, key: K) -> tuple[V] | None:
        """The answer, in a tuple, for it may be None."""
        known = self._standing(key)
        return None if known is None or isinstance(known[0], _Doubt) else (known[0],)

    def doubts(self, key: K) -> bool:
        """Whether it is in doubt: whoever else remembers it may not be believed either."""
        known = self._standing(key)
        return known is not None and isinstance(known[0], _Doubt)

    def keep(self, key: K, value: V, *, seconds: float | None = None) -> None:
        """Remember the answer from now on; `seconds`: for another time than usual."""
        if not self.doubts(key):
            self._put(key, value, self._seconds if seconds is None else seconds)

    def doubt(self, key: K) -> None:
        """It has changed."""
        self._put(key, _DOUBT, self._seconds)

    def forget_all(self) -> None:
        """Ask for everything again."""
        self._known.clear()

    def _standing(self, key: K) -> tuple[V | _Doubt] | None:
        known = self._known.get(key)
        if known is None or known[0] <= self._clock.elapsed():
            return None
        return (known[1],)

    def _put(self, key: K, value: V | _Doubt, seconds: float) -> None:
        self._known.pop(key, None)
        self._known[key] = (self._clock.elapsed() + seconds, value)
        if len(self._known) > self._most:
            self._known.popitem(last=False)
