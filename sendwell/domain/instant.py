"""Times, which are microseconds since 1970 inside, as the calendar and other programs have them."""

from datetime import UTC, datetime


def instant_of(microseconds: int) -> datetime:
    """The time in UTC."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def rfc3339_of(microseconds: int) -> str:
    """The time in UTC with milliseconds, as RFC 3339 writes it."""
    return instant_of(microseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
