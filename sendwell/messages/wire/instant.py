"""Times as they are written for others."""

from sendwell.domain.instant import rfc3339_of


def rfc3339_or_none(microseconds: int) -> str | None:
    """RFC 3339 in UTC with milliseconds, None for a time that there is not."""
    return rfc3339_of(microseconds) if microseconds else None
