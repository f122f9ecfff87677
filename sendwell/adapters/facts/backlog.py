"""What waits in a database to be gone on with; asked in the same words on SQLite and PostgreSQL."""

from dataclasses import dataclass

from sendwell.domain.ids import COUNTER_BITS

_DAY_MS = 86_400_000

LETTERS = "SELECT count(*), min(number) FROM outbox"
"""How many letters wait for the bus, and the number of the oldest."""
STANDING = "SELECT count(*), min(number) FROM outbox WHERE node<0"
"""How many of them are for streams that the bus does not take while it takes others."""
UNTOLD = "SELECT count(*), min(number) FROM untold"
"""How many rows of events wait for the history, and the number of the oldest."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many wait, the oldest of them for so many seconds."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """What no queue row speaks of yet."""

    letters: Waiting
    """For the bus to take them."""
    unplanned: Waiting
    """Notifications of the last day that were accepted, and that nobody has planned yet."""
    untold: Waiting = Waiting(0, 0.0)
    """For the history, where there is one, to hear what happened in one commit."""
    standing: Waiting = Waiting(0, 0.0)
    """Letters among those above whose stream stands still."""


def unplanned(now: int) -> str:
    """How many notifications nobody has planned, and the position of the oldest one."""
    since = (now // 1000 - _DAY_MS) << COUNTER_BITS
    return (
        "SELECT count(*), min(r.position) FROM requested AS r"  # noqa: S608 - a number
        f" WHERE r.position>{since}"
        " AND NOT EXISTS (SELECT 1 FROM work AS w WHERE w.position=r.position)"
        " AND NOT EXISTS (SELECT 1 FROM outcome AS o WHERE o.position=r.position)"
    )


def waiting(answer: tuple[int, int | None], now: int) -> Waiting:
    """What one of these questions was answered. A position tells its own time."""
    count, position = answer
    if position is None:
        return Waiting(0, 0.0)
    return Waiting(count, max(now / 1e6 - (position >> COUNTER_BITS) / 1e3, 0.0))
