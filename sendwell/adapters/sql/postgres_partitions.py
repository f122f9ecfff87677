"""Partitions by time: made ahead, and dropped when they are older than anybody wants to know.

Which tables have them says the database itself; how long a partition is, their key: tables by
`position` have a week each, those by `day` a day.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from sendwell.adapters.sql.upkeep import whole
from sendwell.runtime.journal.forgotten import take_off
from sendwell.runtime.journal.parts import DAY, DAY_MS, WEEK_DAYS

_AHEAD = 2
"""Partitions that are there before they are needed."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one kind of table is parted."""

    days: int
    unit: int
    """How far the key goes in a day."""

    def bounds(self, day: int) -> tuple[int, int]:
        """The partition that this day is in, as bounds of the key: [from, to)."""
        first = day // self.days * self.days
        return first * self.unit, (first + self.days) * self.unit


_SCHEMES = {
    'RANGE ("position")': Scheme(WEEK_DAYS, DAY),
    "RANGE (day)": Scheme(1, 1),
}

_PARTED = """
    SELECT c.relname, pg_get_partkeydef(c.oid) FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid=p.partrelid WHERE c.relnamespace=current_schema()::regnamespace
    ORDER BY c.relname"""

_OPEN = """
    SELECT EXISTS (SELECT 1 FROM work WHERE position>=:low AND position<:high)
    OR EXISTS (SELECT 1 FROM open_copy WHERE position>=:low AND position<:high)"""

_PARTS = """
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid=i.inhrelid
    WHERE i.inhparent=CAST(:parent AS regclass) ORDER BY c.relname"""


def make_ahead(connection: Connection, now: int, *, since: int | None = None) -> list[str]:
    """Partitions for everything from `since` (else from yesterday) until weeks ahead are there;
    gives those that were made. Times are microseconds since 1970.
    """
    today = now // 1000 // DAY_MS
    first = today - 1 if since is None else since // 1000 // DAY_MS
    with _alone(connection):
        made = []
        for table, scheme in _tables(connection):
            known = set(_parts(connection, table))
            for low, high in _periods(scheme, first, today):
                name = f"{table}_{low // scheme.unit}"
                if name not in known:
                    connection.execute(
                        text(
                            f"CREATE TABLE {name} PARTITION OF {table}"
                            f" FOR VALUES FROM ({low}) TO ({high})"
                        )
                    )
                    made.append(name)
        return made


def drop_old(connection: Connection, *, journal_before: int, keys_before: int) -> list[str]:
    """Drop partitions that lie wholly before these times; gives their names.

    One that still has open work stays, with all it is about.
    """
    with _alone(connection):
        return _drop_old(connection, journal_before, keys_before)


def _drop_old(connection: Connection, journal_before: int, keys_before: int) -> list[str]:
    dropped = []
    for table, scheme in _tables(connection):
        before = keys_before if scheme.days == 1 else journal_before
        today = before // 1000 // DAY_MS
        for name in _parts(connection, table):
            first = int(name.rpartition("_")[2])
            if first + scheme.days > today:
                continue
            low, high = scheme.bounds(first)
            if scheme.days > 1 and _is_open(connection, low, high):
                continue
            _drop(connection, table, name)
            dropped.append(name)
    return dropped


def _is_open(connection: Connection, low: int, high: int) -> bool:
    """Whether there is open work on anything from there, of this service or another one."""
    found = connection.execute(text(_OPEN), {"low": low, "high": high}).scalar()
    return bool(found)


def _drop(connection: Connection, table: str, name: str) -> None:
    with whole(connection):
        if table == "outcome":
            take_off(connection, text(f"SELECT tenant, count(*) FROM {name} GROUP BY tenant"))
        connection.execute(text(f"DROP TABLE {name}"))


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """No other process makes or drops partitions meanwhile."""
    connection.execute(text("SELECT pg_advisory_lock(7370601, 1)"))
    try:
        yield
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(7370601, 1)"))


def _tables(connection: Connection) -> Iterator[tuple[str, Scheme]]:
    for table, key in connection.execute(text(_PARTED)).all():
        if key in _SCHEMES:  # the bus parts its tables in its own way
            yield table, _SCHEMES[key]


def _parts(connection: Connection, table: str) -> Sequence[str]:
    return connection.execute(text(_PARTS), {"parent": table}).scalars().all()


def _periods(scheme: Scheme, first: int, today: int) -> Iterator[tuple[int, int]]:
    day = first
    while day <= today + _AHEAD * scheme.days:
        yield scheme.bounds(day)
        day += scheme.days
