"""Times as the calendar and other programs have them."""

from datetime import UTC, datetime

from sendwell.domain.instant import instant_of, rfc3339_of

NEW_YEAR = 1_767_225_600_123_000


def test_an_instant_is_in_utc() -> None:
    assert instant_of(NEW_YEAR) == datetime(2026, 1, 1, microsecond=123_000, tzinfo=UTC)


def test_it_is_written_with_milliseconds_and_z() -> None:
    assert rfc3339_of(NEW_YEAR) == "2026-01-01T00:00:00.123Z"
    assert rfc3339_of(0) == "1970-01-01T00:00:00.000Z"
