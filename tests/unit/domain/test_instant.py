"""Times as the calendar and other programs have them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.instant import (
    instant_of,
    microseconds_in,
    microseconds_of,
    rfc3339_of,
    rfc3339_or_none,
    span_of,
)

NEW_YEAR = 1_767_225_600_123_000


def test_an_instant_is_in_utc() -> None:
    assert instant_of(NEW_YEAR) == datetime(2026, 1, 1, microsecond=123_000, tzinfo=UTC)


def test_it_is_written_with_milliseconds_and_z() -> None:
    assert rfc3339_of(NEW_YEAR) == "2026-01-01T00:00:00.123Z"
    assert rfc3339_of(0) == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "text",
    ["0001-01-01T00:00:00.000001", "1969-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999"],
)
def test_no_microsecond_is_lost(text: str) -> None:
    instant = datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert instant_of(microseconds_of(instant)) == instant


def test_the_last_microsecond_is_not_rounded_into_a_year_that_there_is_not() -> None:
    last = microseconds_of(datetime.max.replace(tzinfo=UTC))

    assert rfc3339_of(last) == "9999-12-31T23:59:59.999Z"


@given(st.integers())
def test_any_number_can_be_written(microseconds: int) -> None:
    assert "0001-01-01T00:00:00.000Z" <= rfc3339_of(microseconds) <= "9999-12-31T23:59:59.999Z"


@given(st.timedeltas())
def test_no_microsecond_of_a_span_is_lost(span: timedelta) -> None:
    assert span_of(microseconds_in(span)) == span


def test_a_span_is_told_in_microseconds() -> None:
    assert microseconds_in(timedelta(seconds=2)) == 2_000_000


@pytest.mark.parametrize("none", [None, 0])
def test_a_time_that_there_is_not_is_not_written(none: int | None) -> None:
    assert rfc3339_or_none(none) is None
    assert rfc3339_or_none(NEW_YEAR) == rfc3339_of(NEW_YEAR)
