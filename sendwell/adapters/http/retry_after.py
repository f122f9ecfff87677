"""How long a server asks us to stay away."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,9})?", re.ASCII)
"""At most 317 years, so that arithmetic with it stays within a datetime."""

_NOT_AT_ALL = timedelta(0)


def retry_after(value: str | None, now: int) -> timedelta | None:
    """What a Retry-After field says (RFC 9110, 10.2.3): seconds or an HTTP date; None for neither.

    `now` is microseconds since 1970. Never negative; the caller caps what is absurdly long.
    Fractions of seconds are no standard, but some vendors send them.
    """
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return max(_NOT_AT_ALL, timedelta(seconds=float(value)))
    return _until(value, now)


def _until(date: str, now: int) -> timedelta | None:
    try:
        due = parsedate_to_datetime(date)
        due = due.astimezone(UTC) if due.tzinfo else due.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return max(_NOT_AT_ALL, due - (datetime.fromtimestamp(0, UTC) + timedelta(microseconds=now)))
