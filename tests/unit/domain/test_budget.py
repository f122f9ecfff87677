"""The attention budget: whole local days, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.budget import (
    MOST_PER_DAY,
    Budget,
    budget_json,
    day_of,
    next_turn,
    read_budget,
)
from sendwell.domain.errors import Invalid
from sendwell.domain.form import Form
from sendwell.domain.limits import OverLimit, decide
from sendwell.domain.zone import first_change

ZONES = (
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "Australia/Lord_Howe",  # its clocks change by half an hour
    "Asia/Kathmandu",
    "America/Havana",  # at midnight: an evening that comes twice
    "Africa/Cairo",  # at midnight: a day that begins at one
    "Antarctica/Troll",  # by two hours
    "Pacific/Apia",  # had no 30 December 2011
    "Pacific/Kwajalein",
)
YEARS = (datetime(2011, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
DAY = timedelta(days=1)


def edges(zone: ZoneInfo) -> list[datetime]:
    """When the clocks are changed in these years."""
    days = [year + number * DAY for year in YEARS for number in range(366)]
    found = [first_change(zone, day, day + DAY) for day in days]
    return [each for each in found if each is not None]


ZONES_WITH_EDGES = [(zone, edges(zone)) for zone in map(ZoneInfo, ZONES)]


@st.composite
def places(draw: st.DrawFn) -> tuple[datetime, ZoneInfo]:
    """An instant and a zone; often within two days of a change of its clocks."""
    zone, changes = draw(st.sampled_from(ZONES_WITH_EDGES))
    about = draw(st.sampled_from([*YEARS, *changes]))
    return about + draw(st.timedeltas(min_value=-2 * DAY, max_value=2 * DAY)), zone


CHANGES = (
    # zone, an instant, the next turn: hours ahead
    ("Europe/Vienna", "2026-03-28T12:00+00:00", 23),
    ("Europe/Vienna", "2026-10-24T12:00+00:00", 25),
    ("Europe/Vienna", "2026-06-01T12:00+00:00", 24),
    ("Australia/Lord_Howe", "2026-04-04T00:00+00:00", 24.5),
    ("Australia/Lord_Howe", "2026-10-03T00:00+00:00", 23.5),
    ("Antarctica/Troll", "2026-03-28T12:00+00:00", 22),
    ("Antarctica/Troll", "2026-10-24T12:00+00:00", 26),
)


@pytest.mark.parametrize(("zone", "now", "hours"), CHANGES)
def test_the_next_turn_is_tomorrow_at_the_same_wall_time(zone: str, now: str, hours: float) -> None:
    at = datetime.fromisoformat(now)

    turn = next_turn(at, ZoneInfo(zone))

    assert (turn - at) / timedelta(hours=1) == hours
    assert turn.astimezone(ZoneInfo(zone)).time() == at.astimezone(ZoneInfo(zone)).time()


def test_a_wall_time_that_tomorrow_skips_is_the_first_instant_after_the_gap() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    at = datetime(2026, 3, 28, 2, 30, tzinfo=vienna)

    turn = next_turn(at, vienna).astimezone(vienna)

    assert turn == datetime(2026, 3, 29, 3, 0, tzinfo=vienna)


def test_a_wall_time_that_tomorrow_repeats_is_the_first_of_the_two() -> None:
    vienna = ZoneInfo("Europe/Vienna")

    turn = next_turn(datetime(2026, 10, 24, 2, 30, tzinfo=vienna), vienna)

    assert turn == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(places())
def test_the_next_turn_is_later_and_on_a_later_day_of_the_person(
    place: tuple[datetime, ZoneInfo],
) -> None:
    now, zone = place

    turn = next_turn(now, zone)

    assert turn > now
    assert turn - now <= timedelta(hours=49)
    assert day_of(turn, zone) > day_of(now, zone)


@given(places())
def test_the_wall_time_is_kept_unless_the_clocks_skip_it(
    place: tuple[datetime, ZoneInfo],
) -> None:
    now, zone = place

    turn = next_turn(now, zone).astimezone(zone)

    wall = now.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
    read_again = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    is_skipped = read_again.replace(tzinfo=None, fold=0) != wall
    assert is_skipped or turn.replace(tzinfo=None, fold=0) == wall


@given(
    st.integers(1, 5),
    places(),
    st.lists(st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=9)), max_size=60),
)
def test_no_day_of_the_person_has_more_than_the_budget_and_none_has_less_without_need(
    per_day: int, place: tuple[datetime, ZoneInfo], pauses: list[timedelta]
) -> None:
    budget = Budget(per_day)
    tats: dict[str, int] = {}
    wanted: dict[date, int] = {}
    passed: dict[date, int] = {}
    now, zone = place

    for pause in pauses:
        now += pause
        day = day_of(now, zone)
        demand = ((f"ada:{day}", budget.rate),)
        decision = decide(tats, [demand], now=int(now.timestamp() * 1e6))
        tats |= decision.tats
        wanted[day] = wanted.get(day, 0) + 1
        passed[day] = passed.get(day, 0) + (decision.answers[0].key is None)

    assert passed == {day: min(per_day, count) for day, count in wanted.items()}


@pytest.mark.parametrize("per_day", [0, -1, MOST_PER_DAY + 1])
def test_a_budget_that_is_none_is_refused(per_day: int) -> None:
    with pytest.raises(Invalid):
        Budget(per_day)


@pytest.mark.parametrize("budget", [None, Budget(1), Budget(MOST_PER_DAY, OverLimit.DROP)])
def test_its_json_is_read_as_it_was_written(budget: Budget | None) -> None:
    form = Form(budget_json(budget))

    assert read_budget(form) == budget
    assert form.flaws == []


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        ({"per_day": 0}, ["/per_day"]),
        ({"per_day": "5"}, ["/per_day"]),
        ({"per_day": True}, ["/per_day"]),
        ({"per_day": 5, "over": "wait"}, ["/over"]),
        ({"per_day": 5, "over": 1}, ["/over"]),
        ({"per_week": 5}, ["/per_week"]),
        (5, [""]),
    ],
)
def test_what_is_no_budget_is_pointed_at(value: object, pointers: list[str]) -> None:
    form = Form(value)

    read_budget(form)

    assert [flaw.pointer for flaw in form.flaws] == pointers
    assert all(flaw.why for flaw in form.flaws)
