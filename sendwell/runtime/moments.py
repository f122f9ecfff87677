"""Times as people and other programs read them."""

from datetime import UTC, datetime


def moment(microseconds: int | None) -> str | None:
    """RFC 3339 in UTC; None for none."""
    if not microseconds:
        return None
    at = datetime.fromtimestamp(microseconds / 1e6, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
