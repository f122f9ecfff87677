from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.zone import LONGEST_STRETCH, find_zone, first_change, zone_of

VIENNA = ZoneInfo("Europe/Vienna")
SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_a_zone_is_found_by_its_name() -> None:
    assert ZoneInfo("Europe/Vienna") == find_zone("Europe/Vienna")
    assert find_zone("Europe/Vienna") is find_zone("Europe/Vienna")


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../UTC", "/etc/localtime", "America", "UTC\0", "x" * 5000, "Wien/Ü"]
)
def test_anything_else_is_no_zone(name: str) -> None:
    assert find_zone(name) is None


@pytest.mark.parametrize(
    ("own", "default", "expected"),
    [
        ("Europe/Vienna", "Asia/Tokyo", "Europe/Vienna"),
        (None, "Asia/Tokyo", "Asia/Tokyo"),
        ("Mars/Base", "Asia/Tokyo", "Asia/Tokyo"),
    ],
)
def test_somebodys_zone_is_their_own_or_else_the_default(
    own: str | None, default: str, expected: str
) -> None:
    assert ZoneInfo(expected) == zone_of(own, default)


def test_where_no_name_is_a_zone_it_is_utc() -> None:
    assert zone_of("Mars/Base", "Mars/Other") is UTC


def test_the_instant_of_a_change_is_found_to_the_second() -> None:
    hour = timedelta(hours=1)

    assert first_change(VIENNA, SPRING - 2 * hour, SPRING + 9 * hour) == SPRING


@pytest.mark.parametrize("after", [timedelta(microseconds=1), timedelta(seconds=1)])
def test_a_change_at_the_very_end_of_the_stretch_is_found(after: timedelta) -> None:
    assert first_change(VIENNA, SPRING - after, SPRING) == SPRING


def test_a_change_at_the_beginning_of_the_stretch_has_happened_already() -> None:
    assert first_change(VIENNA, SPRING, SPRING + LONGEST_STRETCH) is None


def test_a_fixed_offset_never_changes() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))

    assert first_change(zone, SPRING - LONGEST_STRETCH, SPRING) is None


instants = st.datetimes(
    datetime(1901, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2099, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(st.sampled_from(sorted(available_timezones())), instants, st.integers(1, 86_400_000_000))
def test_in_every_zone_the_offset_stays_up_to_the_change_and_not_through_it(
    name: str, after: datetime, microseconds: int
) -> None:
    zone = ZoneInfo(name)
    until = after + timedelta(microseconds=microseconds)

    change = first_change(zone, after, until)

    last = until if change is None else change - timedelta(microseconds=1)
    offset = after.astimezone(zone).utcoffset()
    step = (last - after) / 50
    assert {offset} == {(after + n * step).astimezone(zone).utcoffset() for n in range(51)}
    if change is not None:
        assert after < change <= until
        assert offset != change.astimezone(zone).utcoffset()
