"""Times, which are microseconds since 1970 inside, as the calendar and other programs have them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds_of(instant: datetime) -> int:
    """The same as microseconds since 1970, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


_FIRST = microseconds_of(datetime.min.replace(tzinfo=UTC))
_LAST = microseconds_of(datetime.max.replace(tzinfo=UTC))


def instant_of(microseconds: int) -> datetime:
    """The time in UTC; before the calendar its first instant, and behind it its last."""
    if not _FIRST <= microseconds <= _LAST:
        microseconds = _FIRST if microseconds < _FIRST else _LAST
    return _EPOCH + timedelta(0, 0, microseconds)


def microseconds_in(span: timedelta) -> int:
    """The length of the span, exactly."""
    return span // _MICROSECOND


def span_of(microseconds: int) -> timedelta:
    """A span of that length. Raises OverflowError for what a timedelta has no room for."""
    return timedelta(0, 0, microseconds)


def rfc3339_of(microseconds: int) -> str:
    """The time in UTC with milliseconds, as RFC 3339 writes it: whatever number it is."""
    return instant_of(microseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rfc3339_or_none(microseconds: int | None) -> str | None:
    """The same; None for a time that there is not, which is None or 0."""
    return rfc3339_of(microseconds) if microseconds else None
