from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.consent import Preferences, parse_preferences, preferences_json
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.domain.quiet_hours import QuietHours, Window

CHANNELS = ("email", "sms", "push")
CATEGORIES = ("marketing", "security", "default")


def allowed(preferences: Preferences, *, is_critical: bool = False) -> set[tuple[str, str]]:
    return {
        (channel, category)
        for channel, category in product(CHANNELS, CATEGORIES)
        if preferences.allows(channel, category, is_critical=is_critical)
    }


EVERYTHING = set(product(CHANNELS, CATEGORIES))


def test_who_has_chosen_nothing_gets_everything() -> None:
    assert EVERYTHING == allowed(Preferences()) == allowed(parse_preferences({}))


@pytest.mark.parametrize(
    ("value", "stopped"),
    [
        ({"enabled": False}, EVERYTHING),
        ({"channels": {"sms": {"enabled": False}}}, {("sms", c) for c in CATEGORIES}),
        ({"categories": {"marketing": False}}, {(c, "marketing") for c in CHANNELS}),
        (
            {"channels": {"email": {"enabled": True, "categories": {"marketing": False}}}},
            {("email", "marketing")},
        ),
    ],
)
def test_what_is_switched_off_is_stopped_and_nothing_else(
    value: object, stopped: set[tuple[str, str]]
) -> None:
    assert EVERYTHING - stopped == allowed(parse_preferences(value))


def test_the_stricter_of_two_choices_counts() -> None:
    preferences = parse_preferences(
        {
            "categories": {"marketing": False},
            "channels": {"email": {"categories": {"marketing": True}}},
        }
    )

    assert not preferences.allows("email", "marketing")


def test_a_critical_category_can_not_be_switched_off_but_a_channel_can() -> None:
    preferences = parse_preferences(
        {
            "categories": {"security": False},
            "channels": {"email": {"categories": {"security": False}}, "sms": {"enabled": False}},
        }
    )

    assert not preferences.allows("email", "security")
    assert preferences.allows("email", "security", is_critical=True)
    assert not preferences.allows("sms", "security", is_critical=True)


def test_who_wants_nothing_at_all_gets_nothing_critical_either() -> None:
    assert set() == allowed(parse_preferences({"enabled": False}), is_critical=True)


def test_order_and_quiet_hours_are_read() -> None:
    preferences = parse_preferences(
        {
            "order": ["push", "email"],
            "quiet_hours": {"windows": [{"days": ["sun"], "from": "09:00", "to": "10:00"}]},
        }
    )

    assert preferences.order == ("push", "email")
    assert QuietHours((Window(frozenset({6}), 540, 600),)) == preferences.quiet_hours


def test_every_flaw_is_found_at_once_and_pointed_at() -> None:
    value = {
        "enabled": "no",
        "channels": {
            "E-Mail": {},
            "*": {},
            "sms": {"on": False},
            "push": {"enabled": 0, "categories": {"": False, "*": False, "a": None}},
            "email": [],
        },
        "categories": [],
        "order": ["email", "email", 1, "E-Mail"],
        "quiet_hours": {"windows": [{"from": "9", "to": "10:00"}]},
        "language": "de",
    }

    with pytest.raises(Invalid) as refusal:
        parse_preferences(value)

    assert {
        "/enabled",
        "/channels/E-Mail",
        "/channels/*",
        "/channels/sms/on",
        "/channels/push/enabled",
        "/channels/push/categories/",
        "/channels/push/categories/*",
        "/channels/push/categories/a",
        "/channels/email",
        "/categories",
        "/order/1",
        "/order/2",
        "/order/3",
        "/quiet_hours/windows/0/from",
        "/language",
    } == {flaw.pointer for flaw in refusal.value.flaws}


def test_hours_that_never_end_are_refused_where_they_stand() -> None:
    with pytest.raises(Invalid) as refusal:
        parse_preferences({"quiet_hours": {"windows": [{"from": "00:00", "to": "24:00"}]}})

    assert [flaw.pointer for flaw in refusal.value.flaws] == ["/quiet_hours/windows"]


preferences = st.builds(
    Preferences,
    st.lists(st.sampled_from(CHANNELS).map(ChannelName), unique=True).map(tuple),
    st.frozensets(
        st.tuples(st.sampled_from((*CHANNELS, "*")), st.sampled_from((*CATEGORIES, "*")))
    ),
    st.none() | st.just(QuietHours((Window(frozenset({0}), 60, 120),), "UTC")),
)


@given(preferences)
def test_what_was_read_can_be_written_and_read_again(chosen: Preferences) -> None:
    assert chosen == parse_preferences(preferences_json(chosen))


@given(preferences)
def test_an_opt_out_always_stops_what_it_names(chosen: Preferences) -> None:
    for channel, category in chosen.opted_out:
        assert not any(
            chosen.allows(on, about)
            for on, about in EVERYTHING
            if channel in {on, "*"} and category in {about, "*"}
        )
