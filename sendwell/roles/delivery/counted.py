"""What was counted for people though the claim that sends it is not on disk yet."""

from collections.abc import Iterable, Sequence

from sendwell.domain.ids import Position
from sendwell.messages.task import Task
from sendwell.roles.delivery import own_limits
from sendwell.roles.delivery.own_limits import Case

_MOST = 10_000


class Counted:
    """Limits are asked before the claim is put on disk. Where that is refused, the same delivery
    asks again, and must not count twice for a person to whom nothing was sent.

    Remembers the last `most` deliveries, each for one day of its person.
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._days: dict[tuple[Position, str], str] = {}

    def leave_out(self, cases: Sequence[Case], now: int) -> Sequence[Case]:
        """The cases, those that were counted today without a person whom they count against."""
        if not self._days:
            return cases
        return [case._replace(spared=None) if self._has(case, now) else case for case in cases]

    def add(self, cases: Iterable[Case], now: int) -> None:
        """These count against their person's caps from now on."""
        for case in cases:
            self._days[_key(case.task)] = own_limits.day(case, now)
        while len(self._days) > self._most:
            del self._days[next(iter(self._days))]

    def forget(self, tasks: Iterable[Task]) -> None:
        """Their claims are on disk: they ask as retries, if ever."""
        if self._days:
            for task in tasks:
                self._days.pop(_key(task), None)

    def _has(self, case: Case, now: int) -> bool:
        day = self._days.get(_key(case.task))
        return day is not None and day == own_limits.day(case, now)


def _key(task: Task) -> tuple[Position, str]:
    """Planned again, it is another object, with another number in the queue."""
    return task.request.position, task.part
