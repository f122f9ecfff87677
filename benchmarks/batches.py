"""Natural batches: what arrived while the last commit was in flight is the next one, the urgent
first, up to a size that keeps a commit short; nothing ever waits for company.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

MOST_ROWS = 500

Notification = tuple[int, bytes, str, int, bytes]
Outcome = tuple[int, int, int, int, int, str, str]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Rows that somebody has handed in; `then` is called in the loop when they are on disk."""

    notifications: Sequence[Notification]
    outcomes: Sequence[Outcome]
    then: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Batches:
    """What waits for a commit."""

    _urgent: deque[Waiting] = field(default_factory=deque)
    _usual: deque[Waiting] = field(default_factory=deque)

    def __bool__(self) -> bool:
        return bool(self._urgent or self._usual)

    def put(self, waiting: Waiting, *, is_urgent: bool) -> None:
        (self._urgent if is_urgent else self._usual).append(waiting)

    def take(self) -> list[Waiting]:
        """The next batch; empty when nothing waits."""
        batch: list[Waiting] = []
        rows = 0
        for lane in (self._urgent, self._usual):
            while lane and rows < MOST_ROWS:
                batch.append(lane.popleft())
                rows += len(batch[-1].notifications) + len(batch[-1].outcomes)
        return batch


def rows_of(batch: Sequence[Waiting]) -> tuple[list[Notification], list[Outcome]]:
    """All rows of a batch."""
    notifications = [row for each in batch for row in each.notifications]
    outcomes = [row for each in batch for row in each.outcomes]
    return notifications, outcomes


def tell(batch: Sequence[Waiting]) -> None:
    """It is on disk."""
    for each in batch:
        each.then()
