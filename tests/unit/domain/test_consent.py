"""What a person has chosen decides first, then the tenant's defaults, then a topic's own mode."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, given

from sendwell.domain.consent import (
    EVERY,
    Matter,
    Preferences,
    objection,
    parse_preferences,
    preferences_json,
    receives,
)
from tests.unit.domain.consent_cases import (
    CATEGORIES,
    CHANNELS,
    EVERYTHING,
    allowed,
    matters,
    modes,
    preferences,
)


def wants(chosen: object, topic: str, channel: str = "email", *, default: object = None) -> bool:
    matter = Matter(channel, "default", topic)
    defaults = parse_preferences(default or {})
    return objection(matter, parse_preferences(chosen), defaults=defaults) is None


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

    assert ("email", "marketing") not in allowed(preferences)


def test_a_critical_category_can_not_be_switched_off_but_a_channel_can() -> None:
    preferences = parse_preferences(
        {
            "categories": {"security": False},
            "channels": {"email": {"categories": {"security": False}}, "sms": {"enabled": False}},
        }
    )

    assert ("email", "security") not in allowed(preferences)
    assert ("email", "security") in allowed(preferences, is_critical=True)
    assert ("sms", "security") not in allowed(preferences, is_critical=True)


def test_a_critical_category_passes_what_was_chosen_for_topics() -> None:
    matter = Matter("email", "security", "news")
    chosen = parse_preferences({"topics": {"news": False}})

    assert objection(matter, chosen) is not None
    assert objection(matter, chosen, is_critical=True) is None
    assert objection(matter, Preferences(), topics={"news": True}, is_critical=True) is None


def test_who_wants_nothing_at_all_gets_nothing_critical_either() -> None:
    assert set() == allowed(parse_preferences({"enabled": False}), is_critical=True)


@pytest.mark.parametrize(
    ("default", "matter"),
    [
        ({"channels": {"sms": {"enabled": False}}}, Matter("sms", "default")),
        ({"enabled": False}, Matter("email", "default")),
        ({"categories": {"marketing": False}}, Matter("email", "marketing")),
        ({"channels": {"sms": {"categories": {"ads": False}}}}, Matter("sms", "ads")),
        ({"topics": {"news": False}}, Matter("email", "default", "news/sport")),
    ],
)
def test_a_tenants_default_holds_for_who_has_not_chosen(default: object, matter: Matter) -> None:
    defaults = parse_preferences(default)

    why = objection(matter, Preferences(), defaults=defaults)

    assert why is not None
    assert "tenant's defaults" in why


@pytest.mark.parametrize(
    ("default", "chosen", "matter"),
    [
        (
            {"channels": {"sms": {"enabled": False}}},
            {"channels": {"sms": {"enabled": True}}},
            Matter("sms", "default"),
        ),
        (
            {"categories": {"marketing": False}},
            {"categories": {"marketing": True}},
            Matter("email", "marketing"),
        ),
        (
            {"channels": {"sms": {"categories": {"ads": False}}}},
            {"categories": {"ads": True}},
            Matter("sms", "ads"),
        ),
        (
            {"topics": {"news/sport": False}},
            {"topics": {"news": True}},
            Matter("email", "default", "news/sport"),
        ),
    ],
)
def test_a_person_overrides_the_tenants_default(
    default: object, chosen: object, matter: Matter
) -> None:
    defaults = parse_preferences(default)

    why = objection(matter, parse_preferences(chosen), defaults=defaults)

    assert why is None


@pytest.mark.parametrize(
    ("default", "chosen", "matter"),
    [
        (
            {"categories": {"ads": False}},
            {"categories": {"tips": True}},
            Matter("sms", "ads"),
        ),
        (
            {"categories": {"ads": False}},
            {"channels": {"email": {"categories": {"ads": True}}}},
            Matter("sms", "ads"),
        ),
        (
            {"channels": {"sms": {"enabled": False}}},
            {"channels": {"email": {"enabled": True}}},
            Matter("sms", "ads"),
        ),
    ],
)
def test_a_yes_to_something_else_does_not_lift_a_tenants_default(
    default: object, chosen: object, matter: Matter
) -> None:
    defaults = parse_preferences(default)

    why = objection(matter, parse_preferences(chosen), defaults=defaults)

    assert why is not None
    assert "tenant's defaults" in why


def test_a_default_can_also_switch_on() -> None:
    assert wants({}, "news", default={"topics": {"news": True}})
    assert objection(
        Matter("email", "default", "news"),
        Preferences(),
        defaults=parse_preferences({"topics": {"news": True}}),
        topics={"news": True},
    ) is None  # fmt: skip


def test_the_most_specific_choice_for_a_channel_decides() -> None:
    chosen = {
        "topics": {"news": False, "news/sport": {"enabled": True, "channels": {"sms": False}}}
    }

    assert wants(chosen, "news/sport/football")
    assert not wants(chosen, "news/sport/football", "sms")
    assert not wants(chosen, "news/politics")
    assert wants(chosen, "offers")


def test_a_choice_for_another_channel_leaves_it_to_the_topic_above() -> None:
    chosen = {"topics": {"news": True, "news/sport": {"channels": {"sms": False}}}}

    assert wants(chosen, "news/sport", default={"topics": {"news/sport": False}})
    assert not wants(chosen, "news/sport", "sms")


def test_an_opt_in_topic_goes_only_to_those_who_have_subscribed() -> None:
    football = Matter("email", "default", "news/sport/football")
    modes = {"news": False, "news/sport": True}

    assert objection(football, Preferences(), topics=modes) is not None
    assert objection(football, Preferences(topics={"news": {EVERY: True}}), topics=modes) is None
    assert objection(Matter("email", "default", "news/tv"), Preferences(), topics=modes) is None


@pytest.mark.parametrize(
    ("chosen", "matter", "words"),
    [
        ({"enabled": False}, Matter("sms", "ads"), "everything"),
        ({"channels": {"sms": {"enabled": False}}}, Matter("sms", "ads"), "switched off sms"),
        ({"categories": {"ads": False}}, Matter("sms", "ads"), "ads messages by sms"),
        ({"topics": {"news": False}}, Matter("sms", "ads", "news/tv"), "does not want news"),
    ],
)
def test_what_decided_is_named(chosen: object, matter: Matter, words: str) -> None:
    why = objection(matter, parse_preferences(chosen))

    assert why is not None
    assert words in why


def test_who_subscribes_to_a_topic_receives_those_below_unless_they_said_no() -> None:
    chosen = parse_preferences({"topics": {"news": True, "news/sport": False}})

    assert receives("news", chosen)
    assert receives("news/politics", chosen)
    assert not receives("news/sport/football", chosen)
    assert not receives("offers", chosen)


def test_a_subscription_by_one_channel_is_one() -> None:
    chosen = parse_preferences({"topics": {"news": {"channels": {"sms": True}}}})

    assert receives("news/sport", chosen)


@given(preferences())
def test_what_was_read_can_be_written_and_read_again(chosen: Preferences) -> None:
    assert chosen == parse_preferences(preferences_json(chosen))


@given(preferences(), preferences(), modes)
def test_an_opt_out_always_stops_what_it_names(
    chosen: Preferences, defaults: Preferences, topics: dict[str, bool]
) -> None:
    for channel, category in chosen.opted_out:
        assert all(
            objection(Matter(on, about), chosen, defaults=defaults, topics=topics)
            for on, about in EVERYTHING
            if channel in {on, EVERY} and category in {about, EVERY}
        )


@given(matters, preferences(), preferences(), modes)
def test_to_add_an_opt_out_never_lets_anything_through(
    matter: Matter, chosen: Preferences, defaults: Preferences, topics: dict[str, bool]
) -> None:
    assume(objection(matter, chosen, defaults=defaults, topics=topics) is not None)

    for channel, category in product((*CHANNELS, EVERY), (*CATEGORIES, EVERY)):
        stricter = replace(chosen, opted_out=chosen.opted_out | {(channel, category)})
        assert objection(matter, stricter, defaults=defaults, topics=topics) is not None


@given(matters, preferences(), preferences(), modes)
def test_what_is_critical_is_stopped_by_nothing_but_its_channel(
    matter: Matter, chosen: Preferences, defaults: Preferences, topics: dict[str, bool]
) -> None:
    why = objection(matter, chosen, defaults=defaults, topics=topics, is_critical=True)

    about = {(matter.channel, EVERY), (EVERY, EVERY)}
    is_off = bool(about & chosen.opted_out)
    is_off_by_default = bool(about & defaults.opted_out) and not about & chosen.opted_in
    assert (why is None) is not (is_off or is_off_by_default)
