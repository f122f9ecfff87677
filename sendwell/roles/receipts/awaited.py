"""Which receipts wait for which delivery, so that its commit wakes them at once."""

from collections.abc import Iterable, Iterator

from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.roles.receipts.look import Look

_MOST = 100_000
_NEWS = frozenset({State.SENT, State.DEAD, State.SUPPRESSED, State.CANCELLED, State.EXPIRED})
"""The states that a delivery comes to without a receipt."""

_Name = tuple[str | None, str | None]


class Awaited:
    """An index in memory by every name that a receipt may know its delivery under.

    Bounded: what does not fit, or was not taken in by this process, is found when it is due.
    """

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._numbers: dict[_Name, set[int]] = {}

    def add(self, looks: Iterable[Look]) -> None:
        """These receipts wait, or are about to."""
        for look in looks:
            if len(self._numbers) >= self._most:
                return
            for name in _names_of(look):
                self._numbers.setdefault(name, set()).add(look.number)

    def discard(self, looks: Iterable[Look]) -> None:
        """These receipts wait no longer."""
        for look in looks:
            for name in _names_of(look):
                numbers = self._numbers.get(name, set())
                numbers.discard(look.number)
                if not numbers:
                    self._numbers.pop(name, None)

    def woken_by(self, status: Status) -> set[int]:
        """The receipts for which this move is news."""
        if not self._numbers or status.state not in _NEWS:
            return set()
        names: tuple[_Name, ...] = (
            (status.notification, status.part),
            (status.provider, status.reference),
        )
        return {number for name in names for number in self._numbers.get(name, ())}


def _names_of(look: Look) -> Iterator[_Name]:
    sought = look.sought
    if sought.key:
        yield sought.key.notification, sought.key.part
    if sought.reference:
        yield sought.provider, sought.reference
