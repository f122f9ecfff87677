"""Times as they are written for others."""

from datetime import UTC, datetime


def instant(microseconds: int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    at = datetime.fromtimestamp(microseconds / 1e6, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_or_none(microseconds: int) -> str | None:
    """The same, None for a time that there is not."""
    return instant(microseconds) if microseconds else None
