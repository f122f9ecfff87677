"""Which accepted notifications nobody has planned yet, as one number: the mark below them all."""

import heapq
from collections.abc import Iterable


class Unplanned:
    """Accepted positions; the mark follows the oldest one that is not planned.

    Planning goes by lanes, so positions are finished out of order.
    """

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self._open: list[int] = []
        self._finished: set[int] = set()

    def __len__(self) -> int:
        return len(self._open) - len(self._finished)

    def add(self, position: int) -> None:
        """Remember a position."""
        heapq.heappush(self._open, position)

    def finish(self, positions: Iterable[int]) -> None:
        """Forget positions whose plan is on disk."""
        self._finished.update(positions)
        while self._open and self._open[0] in self._finished:
            self.mark = max(self.mark, heapq.heappop(self._open))
            self._finished.discard(self.mark)
