from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.schedule import due, is_one_instant, parse_instant


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def due_in(
    zone: str | None, send_at: str, *, recipient: str | None = None, default: str = "UTC"
) -> str:
    moment = due(send_at, timezone=zone, recipient_zone=recipient, default_zone=default)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01T09:00:00Z", "2026-05-01T09:00:00+00:00"),
        ("2026-05-01t09:00:00z", "2026-05-01T09:00:00+00:00"),
        ("2026-05-01 09:00:00+02:00", "2026-05-01T07:00:00+00:00"),
        ("2026-05-01T09:00-00:00", "2026-05-01T09:00:00+00:00"),
        ("2026-05-01T09:00:00.5-03:30", "2026-05-01T12:30:00.500000+00:00"),
        ("2026-05-01T09:00:00.123456789Z", "2026-05-01T09:00:00.123456+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
        ("2017-01-01T00:59:60+01:00", "2017-01-01T00:00:00+00:00"),
    ],
)
def test_an_rfc_3339_time_is_an_instant_in_utc(text: str, expected: str) -> None:
    moment = parse_instant(text)

    assert expected == moment.isoformat()
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-05-01",
        "2026-05-01T09:00:00",
        "20260501T090000Z",
        "2026-W18-5T09:00:00Z",
        "2026-02-29T09:00:00Z",
        "2026-05-01T24:00:00Z",
        "2026-05-01T09:60:00Z",
        "2026-05-01T09:00:61Z",
        "2026-05-01T09:00:00+24:00",
        "2026-05-01T09:00:00+0200",
        "2026-05-01T09:00:00 +02:00",
        "２026-05-01T09:00:00Z",
        "2026-05-01T09:00:00Z\n",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:60Z",
    ],
)
def test_anything_else_is_no_instant_and_the_flaw_points_at_it(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_instant(text, pointer="/expires_at")

    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/expires_at"]


def test_with_an_offset_it_is_due_at_the_same_instant_for_everybody() -> None:
    moment = due_in("Asia/Tokyo", "2026-05-01T09:00:00+02:00", recipient="America/Lima")

    assert moment == "2026-05-01T07:00:00Z"


@pytest.mark.parametrize(
    ("zone", "recipient", "expected"),
    [
        ("Asia/Tokyo", "America/Lima", "00:00"),
        ("recipient", "America/Lima", "14:00"),
        (None, "America/Lima", "14:00"),
        ("recipient", None, "07:00"),
        (None, None, "07:00"),
        (None, "Mars/Base", "07:00"),
    ],
)
def test_without_an_offset_it_is_the_time_on_the_wall(
    zone: str | None, recipient: str | None, expected: str
) -> None:
    moment = due_in(zone, "2026-05-01T09:00", recipient=recipient, default="Europe/Vienna")

    assert f"2026-05-01T{expected}:00Z" == moment


@pytest.mark.parametrize(
    ("zone", "send_at", "expected"),
    [
        # put forward by an hour at 02:00, by half an hour, and by a whole day
        ("Europe/Vienna", "2026-03-29T02:00", "2026-03-29T01:00:00Z"),
        ("Europe/Vienna", "2026-03-29T02:30", "2026-03-29T01:00:00Z"),
        ("Europe/Vienna", "2026-03-29T03:00", "2026-03-29T01:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"),
    ],
)
def test_a_time_that_the_clocks_skip_is_due_when_they_have_skipped_it(
    zone: str, send_at: str, expected: str
) -> None:
    assert expected == due_in(zone, send_at)


@pytest.mark.parametrize(
    ("zone", "send_at", "expected"),
    [
        ("Europe/Vienna", "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"),
    ],
)
def test_a_time_that_the_clocks_repeat_is_due_the_first_time(
    zone: str, send_at: str, expected: str
) -> None:
    assert expected == due_in(zone, send_at)


@pytest.mark.parametrize(
    ("send_at", "zone", "default", "pointer"),
    [
        ("soon", "UTC", "UTC", "/send_at"),
        ("9999-12-31T23:00", "America/Lima", "UTC", "/send_at"),
        ("2026-05-01T09:00", "Mars/Base", "UTC", "/timezone"),
        ("2026-05-01T09:00Z", "Mars/Base", "UTC", "/timezone"),
        ("2026-05-01T09:00", None, "Mars/Base", "/timezone"),
    ],
)
def test_what_can_not_be_understood_is_refused_with_a_pointer(
    send_at: str, zone: str | None, *, default: str, pointer: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        due(send_at, timezone=zone, recipient_zone=None, default_zone=default)

    assert [pointer] == [flaw.pointer for flaw in refusal.value.flaws]


walls = st.datetimes(datetime(1902, 1, 1), datetime(2098, 1, 1))  # noqa: DTZ001 - wall times
near_changes = st.builds(
    lambda year, change, minutes: (
        datetime.fromisoformat(f"{year}-{change}") + timedelta(minutes=minutes)
    ),
    st.integers(1980, 2037),
    st.sampled_from(["03-29", "03-30", "03-31", "10-25", "10-26", "04-05", "10-04", "11-01"]),
    st.integers(0, 300),
)


@given(st.sampled_from(sorted(available_timezones())), walls | near_changes)
def test_in_every_zone_it_is_the_first_instant_at_which_the_wall_shows_it_or_more(
    name: str, wall: datetime
) -> None:
    zone = ZoneInfo(name)

    moment = due(wall.isoformat(), timezone=name, recipient_zone=None, default_zone="UTC")

    assert moment.astimezone(zone).replace(tzinfo=None) >= wall
    earlier = [moment - timedelta(microseconds=1)] + [
        moment - timedelta(minutes=minutes) for minutes in range(1, 200)
    ]
    assert all(before.astimezone(zone).replace(tzinfo=None) < wall for before in earlier)


@given(
    st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - hypothesis adds it
    st.integers(-1439, 1439),
)
def test_what_isoformat_writes_is_read_as_the_same_instant(wall: datetime, offset: int) -> None:
    moment = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))

    assert moment == parse_instant(moment.isoformat())


@pytest.mark.parametrize(
    ("send_at", "timezone", "is_one"),
    [
        ("2026-05-01T09:00Z", None, True),
        ("2026-05-01T09:00+02:00", "recipient", True),
        ("2026-05-01T09:00", "Europe/Vienna", True),
        ("2026-05-01T09:00", "recipient", False),
        ("2026-05-01T09:00", None, False),
    ],
)
def test_a_time_on_the_wall_of_each_recipient_is_not_one_instant(
    send_at: str, timezone: str | None, is_one: bool
) -> None:
    assert is_one_instant(send_at, timezone) is is_one
