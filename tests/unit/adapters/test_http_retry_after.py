from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.http.retry_after import retry_after

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
NOW = int(NOON.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta(0)),
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("1.5", timedelta(seconds=1.5)),
        ("-5", timedelta(0)),
        ("315360000", timedelta(days=3650)),
        ("Wed, 01 Jul 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Wednesday, 01-Jul-26 12:00:30 GMT", timedelta(seconds=30)),
        ("Wed Jul  1 12:00:30 2026", timedelta(seconds=30)),
        ("Wed, 01 Jul 2026 14:00:30 +0200", timedelta(seconds=30)),
        ("Wed, 01 Jul 2026 11:00:00 GMT", timedelta(0)),
        ("Tue, 01 Jul 2036 12:00:00 GMT", timedelta(days=3653)),
    ],
)
def test_seconds_and_dates_are_understood(value: str, wait: timedelta) -> None:
    assert retry_after(value, NOW) == wait


@pytest.mark.parametrize(
    "value",
    [None, "", "soon", "1e9", "0x10", "1,5", "٣", "nan", "inf", "9" * 11, "9" * 5000,
     "Wed, 01 Jul 99999 12:00:00 GMT", "Wed, 32 Jul 2026 12:00:00 GMT",
     "Mon, 01 Jan 2026 00:00:00 +9959", "2026-07-01T12:00:30Z"],
)  # fmt: skip
def test_what_is_neither_says_nothing(value: str | None) -> None:
    assert retry_after(value, NOW) is None


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(9999, 1, 1)))  # noqa: DTZ001 - the zone is added below
def test_any_http_date_is_counted_from_now(date: datetime) -> None:
    due = date.replace(microsecond=0, tzinfo=UTC)

    wait = retry_after(format_datetime(due, usegmt=True), NOW)

    assert wait == max(timedelta(0), due - NOON)


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9 ,:+-]{0,40}", fullmatch=True))
def test_no_text_blows_up(value: str) -> None:
    wait = retry_after(value, NOW)

    assert wait is None or wait >= timedelta(0)
