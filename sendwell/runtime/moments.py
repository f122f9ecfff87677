"""Times as people and other programs read them."""

from sendwell.domain.instant import rfc3339_of


def moment(microseconds: int | None) -> str | None:
    """RFC 3339 in UTC; None for none."""
    return rfc3339_of(microseconds) if microseconds else None
