from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.quiet_hours import (
    QuietHours,
    Window,
    parse_quiet_hours,
    quiet_hours_json,
)

EVERY_DAY = frozenset(range(7))


def flaws_in(value: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        parse_quiet_hours(value)
    return {flaw.pointer: flaw.why for flaw in refusal.value.flaws}


def a_window(**changes: object) -> dict[str, Any]:
    return {"days": ["mon"], "from": "22:00", "to": "07:00"} | changes


def test_quiet_hours_are_read_from_json() -> None:
    hours = parse_quiet_hours(
        {
            "timezone": "Europe/Vienna",
            "windows": [a_window(days=["sat", "sun"]), {"from": "12:00", "to": "13:30"}],
        }
    )

    night = Window(frozenset({5, 6}), 22 * 60, 7 * 60)
    noon = Window(EVERY_DAY, 12 * 60, 13 * 60 + 30)
    assert QuietHours((night, noon), "Europe/Vienna") == hours


@pytest.mark.parametrize("value", [{}, {"windows": []}, {"timezone": None}])
def test_everything_may_be_left_out(value: object) -> None:
    assert QuietHours() == parse_quiet_hours(value)


def test_every_flaw_is_found_at_once_and_pointed_at() -> None:
    value = {
        "timezone": "Mars/Base",
        "windows": [
            a_window(days=["mon", "funday", 3]),
            a_window(days=[]),
            a_window(days="mon"),
            a_window(**{"from": "7:00", "to": "24:01"}),
            a_window(**{"from": "24:00", "to": 7}),
            {"days": ["mon"], "from": "22:00"},
            a_window(**{"from": "09:00", "to": "09:00"}),
            "night",
        ],
        "zone/~": 1,
    }

    assert {
        "/timezone",
        "/windows/0/days/1",
        "/windows/0/days/2",
        "/windows/1/days",
        "/windows/2/days",
        "/windows/3/from",
        "/windows/3/to",
        "/windows/4/from",
        "/windows/4/to",
        "/windows/5",
        "/windows/6",
        "/windows/7",
        "/zone~1~0",
    } == set(flaws_in(value))


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (None, ""),
        ([], ""),
        ({"timezone": 1}, "/timezone"),
        ({"timezone": ""}, "/timezone"),
        ({"windows": {}}, "/windows"),
    ],
)
def test_a_wrong_type_is_refused_where_it_stands(value: object, pointer: str) -> None:
    assert [pointer] == list(flaws_in(value))


@pytest.mark.parametrize(
    "windows",
    [
        [{"from": "00:00", "to": "24:00"}],
        [{"from": "12:00", "to": "06:00"}, {"from": "06:00", "to": "12:00"}],
        [
            a_window(days=["mon", "tue", "wed", "thu"], to="24:00", **{"from": "00:00"}),
            a_window(days=["fri", "sat", "sun"], to="24:00", **{"from": "00:00"}),
        ],
    ],
)
def test_hours_that_never_end_are_refused(windows: list[object]) -> None:
    assert (flaws_in({"windows": windows})) == {
        "/windows": "It would always be quiet. To stop a channel for good, switch it off."
    }


windows = st.builds(
    Window, st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(1, 1440)
).filter(lambda window: window.start != window.end)


@given(st.lists(windows, max_size=3), st.none() | st.sampled_from(["UTC", "America/Lima"]))
def test_what_was_read_can_be_written_and_read_again(
    chosen: list[Window], timezone: str | None
) -> None:
    try:
        hours = QuietHours(tuple(chosen), timezone)
    except Invalid:
        return

    assert hours == parse_quiet_hours(quiet_hours_json(hours))
