"""Which accepted notifications nobody has planned yet, as one number: the mark below them all."""

import heapq
from collections.abc import Iterable, Sequence


class Unplanned:
    """Accepted positions; the mark follows the oldest one that is not planned.

    Planning goes by lanes, so positions are finished out of order. Of those up to `last`, which an
    earlier life has accepted, only the disk knows which are open: until all were read the mark
    stays below what was not.
    """

    def __init__(self, mark: int, last: int = 0) -> None:
        self.mark = mark
        self._last = last
        self._read_to: int | None = mark if last > mark else None
        """Behind this position some may be open that were not read yet; None: all were."""
        self._in_order: list[int] = []
        self._open: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, position: int) -> None:
        """Remember a position."""
        heapq.heappush(self._in_order, position)
        self._open.add(position)

    def read(self, positions: Sequence[int], *, to: int | None) -> None:
        """These are open on disk, the next ones in their order; there may be more behind `to`."""
        if self._read_to is None:
            return
        for position in positions:
            if position <= self._last and position not in self._open:
                self.add(position)
        self._read_to = None if to is None or to >= self._last else to
        self._move()

    def finish(self, positions: Iterable[int]) -> None:
        """Forget positions whose plan is on disk; those of others do not matter."""
        self._open.difference_update(positions)
        self._move()

    def _move(self) -> None:
        while self._in_order and self._in_order[0] not in self._open:
            if self._read_to is not None and self._in_order[0] > self._read_to:
                return
            self.mark = max(self.mark, heapq.heappop(self._in_order))
