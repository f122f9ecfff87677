"""Time zones by name, and the instants at which their clocks are changed."""

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

LONGEST_STRETCH = timedelta(days=1)
"""How far `first_change` looks. No zone changes its offset twice within a day: the closest two
changes of the whole tz database are 95 hours apart (Freetown, 1939)."""

_SECOND = timedelta(seconds=1)


def find_zone(name: str) -> tzinfo | None:
    """The zone of that name in the IANA database, None when there is none. Names are exact."""
    try:
        return _load(name)
    except (LookupError, ValueError, OSError):  # unknown; not a name; the name of a folder
        return None


def zone_of(own: str | None, default: str) -> tzinfo:
    """Somebody's own zone, else the default one, else UTC; a name that is none is passed over."""
    return find_zone(own or default) or find_zone(default) or UTC


@lru_cache(maxsize=1024)
def _load(name: str) -> tzinfo:
    """ZoneInfo keeps only eight zones alive by itself and reads the others again each time."""
    return ZoneInfo(name)


def first_change(zone: tzinfo, after: datetime, until: datetime) -> datetime | None:
    """The first instant in (after, until] at which `zone` has another offset than at `after`.

    None when the offset stays. Instants are UTC, `until` is at most LONGEST_STRETCH later.
    Changes are made at whole seconds, as in the whole tz database.
    """
    offset = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == offset:
        return None
    before = after.replace(microsecond=0)
    low, high = 0, (until - before) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        if (before + middle * _SECOND).astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return before + high * _SECOND
