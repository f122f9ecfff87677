"""Which accepted notifications nobody has planned yet, as one number: the mark below them all."""

import heapq
from collections.abc import Iterable


class Unplanned:
    """Accepted positions; the mark follows the oldest one that is not planned.

    Planning goes by lanes, so positions are finished out of order.
    """

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self._in_order: list[int] = []
        self._open: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, position: int) -> None:
        """Remember a position."""
        heapq.heappush(self._in_order, position)
        self._open.add(position)

    def finish(self, positions: Iterable[int]) -> None:
        """Forget positions whose plan is on disk; those of others do not matter."""
        self._open.difference_update(positions)
        while self._in_order and self._in_order[0] not in self._open:
            self.mark = max(self.mark, heapq.heappop(self._in_order))
