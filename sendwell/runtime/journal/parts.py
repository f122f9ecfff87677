"""Partitions on PostgreSQL: how long they are, and which one a row is in."""

from sendwell.domain.ids import COUNTER_BITS

DAY_MS = 86_400_000
DAY = DAY_MS << COUNTER_BITS
"""As a distance between positions."""
WEEK_DAYS = 7
"""So many days each one of a table by position has; those of keys have a day."""


def part_of(table: str, position: int) -> str:
    """The partition that holds a position: it is called after its first day since 1970."""
    return f"{table}_{position // DAY // WEEK_DAYS * WEEK_DAYS}"
