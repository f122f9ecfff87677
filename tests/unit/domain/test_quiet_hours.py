"""Quiet hours against a virtual clock that is looked at minute by minute."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.quiet_hours import DAYS, QuietHours, Window, parse_quiet_hours

VIENNA = ZoneInfo("Europe/Vienna")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
MINUTE = timedelta(minutes=1)


def quiet(*windows: str, days: Sequence[str] = DAYS) -> QuietHours:
    """Windows written as `22:00-07:00`."""
    return parse_quiet_hours(
        {"windows": [{"days": list(days), "from": w[:5], "to": w[6:]} for w in windows]}
    )


def at(text: str, zone: tzinfo = VIENNA) -> datetime:
    """A time on the wall, or an instant when it ends in Z."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def shown(moment: datetime | None, zone: tzinfo = VIENNA) -> str | None:
    return None if moment is None else moment.astimezone(zone).strftime("%a %H:%M:%S%z")


def test_nothing_is_quiet_without_windows() -> None:
    assert QuietHours().quiet_until(at("2026-05-01T03:00")) is None


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-05-01T21:59:59.999999", None),
        ("2026-05-01T22:00", "Sat 07:00:00+0200"),
        ("2026-05-01T23:59:59.5", "Sat 07:00:00+0200"),
        ("2026-05-02T06:59:59.999999", "Sat 07:00:00+0200"),
        ("2026-05-02T07:00", None),
    ],
)
def test_a_window_may_run_over_midnight_and_its_end_is_not_quiet(
    now: str, expected: str | None
) -> None:
    assert expected == shown(quiet("22:00-07:00").quiet_until(at(now)))


def test_the_answer_is_in_utc() -> None:
    until = quiet("22:00-07:00").quiet_until(at("2026-05-01T23:00"))

    assert datetime(2026, 5, 2, 5, tzinfo=UTC) == until
    assert until is not None
    assert until.tzinfo is UTC


def test_a_window_belongs_to_the_day_on_which_it_begins() -> None:
    friday = quiet("22:00-07:00", days=["fri"])

    assert shown(friday.quiet_until(at("2026-05-02T01:00"))) == "Sat 07:00:00+0200"
    assert friday.quiet_until(at("2026-05-01T01:00")) is None


def test_a_window_may_run_over_the_end_of_the_week() -> None:
    sunday = quiet("22:00-07:00", days=["sun"])

    assert shown(sunday.quiet_until(at("2026-05-03T23:00"))) == "Mon 07:00:00+0200"


@pytest.mark.parametrize(
    "windows", [("20:00-22:00", "22:00-07:00"), ("20:00-23:00", "22:00-07:00", "21:00-21:30")]
)
def test_windows_that_touch_or_overlap_are_one(windows: tuple[str, ...]) -> None:
    assert shown(quiet(*windows).quiet_until(at("2026-05-01T20:30"))) == "Sat 07:00:00+0200"


def test_windows_are_joined_across_days() -> None:
    weekend = parse_quiet_hours(
        {
            "windows": [
                {"days": ["fri"], "from": "18:00", "to": "24:00"},
                {"days": ["sat", "sun"], "from": "00:00", "to": "24:00"},
                {"days": ["mon"], "from": "00:00", "to": "08:00"},
            ]
        }
    )

    assert shown(weekend.quiet_until(at("2026-05-01T19:00"))) == "Mon 08:00:00+0200"


def test_hours_with_a_zone_of_their_own_stay_where_they_are() -> None:
    hours = parse_quiet_hours(
        {"timezone": "Asia/Tokyo", "windows": [{"from": "22:00", "to": "07:00"}]}
    )

    assert shown(hours.quiet_until(at("2026-05-01T20:00Z", UTC)), UTC) == "Fri 22:00:00+0000"


def test_a_fixed_offset_is_a_zone_too() -> None:
    zone = timezone(timedelta(hours=-3))

    until = quiet("22:00-07:00").quiet_until(at("2026-05-01T23:00", zone))

    assert shown(until, zone) == "Sat 07:00:00-0300"


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        # the night is an hour shorter, and an end inside the gap takes effect behind it
        ("22:00-07:00", "2026-03-28T22:00:00Z", "Sun 07:00:00+0200"),
        ("22:00-02:30", "2026-03-28T22:00:00Z", "Sun 03:00:00+0200"),
        ("22:00-02:00", "2026-03-28T22:00:00Z", "Sun 03:00:00+0200"),
        # a start inside the gap takes effect behind it
        ("02:30-07:00", "2026-03-29T00:59:59Z", None),
        ("02:30-07:00", "2026-03-29T01:00:00Z", "Sun 07:00:00+0200"),
        # a window inside the gap is not there on that day
        ("02:10-02:50", "2026-03-29T01:00:00Z", None),
        # the night is an hour longer
        ("22:00-07:00", "2026-10-24T21:00:00Z", "Sun 07:00:00+0100"),
        # an edge in the repeated hour: the wall shows a quiet time twice
        ("22:00-02:30", "2026-10-24T21:00:00Z", "Sun 02:30:00+0200"),
        ("22:00-02:30", "2026-10-25T00:45:00Z", None),
        ("22:00-02:30", "2026-10-25T01:00:00Z", "Sun 02:30:00+0100"),
        ("02:30-07:00", "2026-10-25T00:30:00Z", "Sun 02:00:00+0100"),
        # both passes of the hour are quiet, as one stretch
        ("01:00-03:00", "2026-10-25T00:30:00Z", "Sun 03:00:00+0100"),
    ],
)
def test_it_is_quiet_whenever_the_wall_shows_it_while_clocks_are_changed(
    windows: str, now: str, expected: str | None
) -> None:
    assert expected == shown(quiet(windows).quiet_until(at(now)))


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ("22:00-02:15", "2026-10-03T14:00:00Z", "Sun 02:30:00+1100"),
        ("22:00-01:45", "2026-04-04T13:00:00Z", "Sun 01:45:00+1100"),
        ("01:40-06:00", "2026-04-04T14:45:00Z", "Sun 01:30:00+1030"),
    ],
)
def test_clocks_may_be_changed_by_half_an_hour(windows: str, now: str, expected: str) -> None:
    until = quiet(windows).quiet_until(at(now, LORD_HOWE))

    assert expected == shown(until, LORD_HOWE)


def test_a_whole_day_may_be_skipped() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from Thursday to Saturday in 2011

    until = quiet("00:00-24:00", days=["thu", "fri"]).quiet_until(at("2011-12-29T12:00", apia))

    assert shown(until, apia) == "Sat 00:00:00+1400"


class Restless(tzinfo):
    """Puts its clocks forward by an hour and 30 hours later back, as if nothing had been."""

    forward = datetime(2026, 5, 5, tzinfo=UTC)
    hour = timedelta(hours=1)

    def _offset(self, instant: datetime) -> timedelta:
        is_forward = self.forward <= instant.replace(tzinfo=UTC) < self.forward + 30 * self.hour
        return self.hour if is_forward else timedelta(0)

    def fromutc(self, instant: datetime) -> datetime:
        offset = self._offset(instant)
        is_repeated = offset < self._offset(instant - self.hour)
        return (instant + offset).replace(fold=int(is_repeated))

    def utcoffset(self, wall: datetime | None) -> timedelta | None:
        if wall is None or wall.fold:
            return timedelta(0)
        return self._offset(wall - self.hour)

    def dst(self, wall: datetime | None) -> timedelta | None:
        return self.utcoffset(wall)

    def tzname(self, wall: datetime | None) -> str:
        return "Restless"


def test_clocks_put_forward_and_back_within_a_quiet_stretch_are_seen_both_times() -> None:
    hours = parse_quiet_hours(
        {
            "windows": [
                {"days": ["mon", "tue"], "from": "00:00", "to": "24:00"},
                {"days": ["wed"], "from": "00:00", "to": "06:30"},
            ]
        }
    )

    until = hours.quiet_until(at("2026-05-04T12:00Z", Restless()))

    assert shown(until, UTC) == "Wed 05:30:00+0000"


minutes_of_day = st.integers(0, 1439)
windows = st.builds(
    Window, st.frozensets(st.integers(0, 6), min_size=1), minutes_of_day, st.integers(0, 1440)
)
instants = st.datetimes(
    datetime(1973, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2037, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
near_changes = st.builds(
    lambda day, hours, seconds: (
        datetime.fromisoformat(day) + timedelta(hours=hours, seconds=seconds)
    ),
    st.sampled_from(
        [
            "2026-03-29T00:00Z", "2026-10-25T00:00Z", "2026-03-08T06:00Z", "2026-11-01T05:00Z",
            "2026-04-04T14:00Z", "2026-10-03T15:00Z", "2011-12-29T10:00Z", "2026-02-15T02:00Z",
        ]
    ),
    st.integers(-30, 6),
    st.integers(0, 3600),
)  # fmt: skip
zones = st.sampled_from(sorted(available_timezones())) | st.sampled_from(
    [
        "Europe/Vienna",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Africa/Casablanca",
    ]
)


@given(st.lists(windows, max_size=3), zones, instants | near_changes)
def test_in_every_zone_a_clock_looked_at_each_minute_tells_the_same(
    chosen: Sequence[Window], name: str, now: datetime
) -> None:
    zone = ZoneInfo(name)
    try:
        hours = QuietHours(tuple(chosen))
    except Invalid:
        assert all(_is_quiet(chosen, datetime(2026, 5, 4) + n * MINUTE) for n in range(10080))  # noqa: DTZ001
        return

    until = hours.quiet_until(now.astimezone(zone))

    assert _looked_at_each_minute(chosen, zone, now) == until


def _looked_at_each_minute(
    chosen: Sequence[Window], zone: tzinfo, now: datetime
) -> datetime | None:
    """Offsets have been whole minutes since 1973, and so minutes begin together everywhere."""
    if not _is_quiet(chosen, now.astimezone(zone)):
        return None
    moment = now.replace(second=0, microsecond=0)
    while _is_quiet(chosen, moment.astimezone(zone)):
        moment += MINUTE
    return moment


def _is_quiet(chosen: Sequence[Window], wall: datetime) -> bool:
    minute = wall.hour * 60 + wall.minute
    today, yesterday = wall.weekday(), (wall.weekday() - 1) % 7
    return any(
        (today in window.days and window.start <= minute < window.end)
        or (window.end <= window.start and today in window.days and minute >= window.start)
        or (window.end <= window.start and yesterday in window.days and minute < window.end)
        for window in chosen
    )


MIDNIGHT_CHANGES = {
    "America/Havana": ("2026-03-08T05:00Z", "2026-11-01T05:00Z"),
    "Asia/Beirut": ("2026-03-28T22:00Z", "2026-10-24T21:00Z"),
    "America/Santiago": ("2026-09-06T04:00Z", "2026-04-05T03:00Z"),
    "Africa/Cairo": ("2026-04-23T22:00Z", "2026-10-29T21:00Z"),
    "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),
    "Europe/Vienna": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
}
"""Zones that change their clocks at midnight (there is no 00:00 on that day, or 23:00 comes twice),
by half an hour, or in the usual way; each with the instants of both changes."""


@pytest.mark.parametrize(("name", "change"), MIDNIGHT_CHANGES.items())
def test_the_instants_of_these_tests_are_those_at_which_clocks_are_changed(
    name: str, change: tuple[str, str]
) -> None:
    zone = ZoneInfo(name)

    for text in change:
        then = datetime.fromisoformat(text)
        assert _offset(zone, then - MINUTE) != _offset(zone, then)


nights = st.builds(
    lambda zone_and_changes, is_autumn, hours, minutes: (
        ZoneInfo(zone_and_changes[0]),
        datetime.fromisoformat(zone_and_changes[1][is_autumn])
        + timedelta(hours=hours, minutes=minutes),
    ),
    st.sampled_from(list(MIDNIGHT_CHANGES.items())),
    st.booleans(),
    st.integers(-30, 30),
    st.integers(0, 59),
)


@given(nights, st.frozensets(st.integers(0, 6), min_size=1), minutes_of_day, st.integers(0, 1440))
def test_a_window_ends_when_the_wall_shows_its_end_or_the_clocks_are_changed(
    night: tuple[ZoneInfo, datetime], days: frozenset[int], start: int, end: int
) -> None:
    zone, now = night
    assume(start != end % 1440)
    until = QuietHours((Window(days, start, end),)).quiet_until(now.astimezone(zone))
    assume(until is not None)
    assert until is not None

    wall = until.astimezone(zone)

    has_changed = _offset(zone, until - MINUTE) != _offset(zone, until)
    assert has_changed or wall.hour * 60 + wall.minute == end % 1440
    assert (wall.second, wall.microsecond) == (0, 0)


@given(nights, st.integers(0, 6), minutes_of_day, st.integers(1, 600))
def test_on_each_day_it_is_quiet_only_when_that_weekday_began_a_window(
    night: tuple[ZoneInfo, datetime], day: int, start: int, length: int
) -> None:
    zone, now = night
    hours = QuietHours((Window(frozenset({day}), start, (start + length) % 1440),))
    wall = now.astimezone(zone)

    is_quiet = hours.quiet_until(wall) is not None

    minute = wall.hour * 60 + wall.minute
    begun_today = wall.weekday() == day and start <= minute < start + length
    begun_yesterday = (wall.weekday() - 1) % 7 == day and minute + 1440 < start + length
    assert is_quiet == (begun_today or begun_yesterday)


def _offset(zone: tzinfo, instant: datetime) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


@given(st.lists(windows, min_size=1, max_size=4), zones, instants | near_changes)
def test_it_is_quiet_before_the_answer_and_not_at_it(
    chosen: Sequence[Window], name: str, now: datetime
) -> None:
    zone = ZoneInfo(name)
    try:
        hours = QuietHours(tuple(chosen))
    except Invalid:
        return
    until = hours.quiet_until(now.astimezone(zone))
    if until is None:
        return

    assert until > now
    assert hours.quiet_until(until.astimezone(zone)) is None
    just_before = (until - timedelta(microseconds=1)).astimezone(zone)
    assert until == hours.quiet_until(just_before)
