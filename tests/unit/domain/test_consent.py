"""What a person has chosen decides first, then the tenant's defaults, then a topic's own mode."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sendwell.domain.consent import (
    EVERY,
    Fact,
    Matter,
    Preferences,
    apply_fact,
    facts_between,
    is_outdated,
    objection,
    parse_preferences,
    preferences_json,
    receives,
)
from sendwell.domain.ids import ChannelName
from sendwell.domain.quiet_hours import QuietHours, Window
from sendwell.domain.topic import path_of

CHANNELS = ("email", "sms", "push")
CATEGORIES = ("marketing", "security", "default")
TOPICS = ("news", "news/sport", "news/sport/football", "offers")
EVERYTHING = set(product(CHANNELS, CATEGORIES))


def allowed(preferences: Preferences, *, is_critical: bool = False) -> set[tuple[str, str]]:
    return {
        (channel, category)
        for channel, category in EVERYTHING
        if objection(Matter(channel, category), preferences, is_critical=is_critical) is None
    }


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


def test_what_is_agreed_to_and_taken_back_is_put_on_record() -> None:
    before = parse_preferences({"categories": {"ads": False}, "topics": {"news": True}})
    after = parse_preferences(
        {"channels": {"sms": {"enabled": False}}, "topics": {"offers": {"channels": {"sms": True}}}}
    )

    facts = facts_between(before, after)

    assert [
        Fact(is_given=False, channel="sms"),
        Fact(is_given=True, category="ads"),
        Fact(is_given=False, topic="news"),
        Fact(is_given=True, channel="sms", topic="offers"),
    ] == facts


@pytest.mark.parametrize(
    ("before", "after", "taken_back"),
    [
        ({"channels": {"sms": {"enabled": False}}}, {"enabled": False}, Fact(False)),
        (
            {"channels": {"sms": {"categories": {"ads": False}}}},
            {"categories": {"ads": False}},
            Fact(False, category="ads"),
        ),
        (
            {"topics": {"news": {"channels": {"sms": False}}}},
            {"topics": {"news": False}},
            Fact(False, topic="news"),
        ),
        (
            {"topics": {"news": {"channels": {"sms": False}}}},
            {"channels": {"sms": {"enabled": False}}},
            Fact(False, "sms"),
        ),
    ],
)
def test_to_say_no_to_more_agrees_to_nothing(
    before: object, after: object, taken_back: Fact
) -> None:
    facts = facts_between(parse_preferences(before), parse_preferences(after))

    assert [taken_back] == facts


@pytest.mark.parametrize(
    ("fact", "later", "is_old"),
    [
        (Fact(True, topic="news"), Fact(True, topic="news"), True),
        (Fact(False, topic="news"), Fact(True, topic="news"), True),
        (Fact(True, topic="news/tv"), Fact(False, topic="news"), True),
        (Fact(True, topic="news/tv"), Fact(True, topic="news"), False),
        (Fact(True, topic="news"), Fact(False, topic="news/tv"), False),
        (Fact(True, topic="news"), Fact(False, channel="sms"), False),
        (Fact(True, "sms", topic="news"), Fact(False, channel="sms"), True),
        (Fact(True, "sms", "ads"), Fact(False), True),
        (Fact(True, "sms", "ads"), Fact(False, category="ads"), True),
        (Fact(True, "sms", "ads"), Fact(False, category="tips"), False),
        (Fact(True, "sms", "ads"), Fact(False, topic="news"), False),
        (Fact(False, "sms", topic="news"), Fact(False, topic="news"), False),
        (Fact(False, "sms"), Fact(False), False),
    ],
)
def test_what_was_taken_back_later_is_not_given_by_something_older(
    fact: Fact, later: Fact, is_old: bool
) -> None:
    assert is_outdated(fact, [later]) is is_old
    assert not is_outdated(fact, [])


def test_everything_is_switched_on_again_by_forgetting_that_it_was_off() -> None:
    off = apply_fact(Preferences(), Fact(is_given=False))

    assert set() == allowed(off)
    assert Preferences() == apply_fact(off, Fact(is_given=True))


choices = st.tuples(st.sampled_from((*CHANNELS, EVERY)), st.sampled_from((*CATEGORIES, EVERY)))
topics = st.dictionaries(
    st.sampled_from(TOPICS),
    st.dictionaries(st.sampled_from((*CHANNELS, EVERY)), st.booleans(), min_size=1),
)


@st.composite
def preferences(draw: st.DrawFn) -> Preferences:
    """What a document can say: nothing is both on and off, and everything only off."""
    off = draw(st.frozensets(choices))
    on = draw(st.frozensets(choices)) - off - {(EVERY, EVERY)}
    order = draw(st.lists(st.sampled_from(CHANNELS).map(ChannelName), unique=True).map(tuple))
    hours = draw(st.none() | st.just(QuietHours((Window(frozenset({0}), 60, 120),), "UTC")))
    return Preferences(order, off, hours, on, draw(topics))


matters = st.builds(
    Matter,
    st.sampled_from(CHANNELS),
    st.sampled_from(CATEGORIES),
    st.none() | st.sampled_from(TOPICS),
)
modes = st.dictionaries(st.sampled_from(TOPICS), st.booleans())


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

    own, default = chosen.channel(matter.channel), defaults.channel(matter.channel)
    assert (why is None) == (own is not False and not (own is None and default is False))


@pytest.mark.parametrize(
    ("fact", "left"),
    [
        (
            Fact(is_given=False, topic="news"),
            {"news": False, "news/tv": {"channels": {"push": False}}, "offers": True},
        ),
        (
            Fact(is_given=False, channel="sms", topic="news"),
            {
                "news": {"channels": {"sms": False}},
                "news/sport": {"enabled": True, "channels": {"sms": False}},
                "news/tv": {"channels": {"email": True, "push": False}},
                "offers": True,
            },
        ),
    ],
)
def test_a_no_to_a_topic_takes_back_what_was_agreed_to_below_it(fact: Fact, left: object) -> None:
    before = parse_preferences(
        {
            "topics": {
                "news/sport": True,
                "news/tv": {"channels": {"email": True, "sms": True, "push": False}},
                "offers": True,
            }
        }
    )

    after = apply_fact(before, fact)

    assert parse_preferences({"topics": left}) == after


def test_what_is_kept_below_a_topic_that_is_taken_back_is_agreed_to_anew() -> None:
    before = parse_preferences({"topics": {"news/sport": True, "offers": True, "news/tv": False}})
    after = parse_preferences(
        {"topics": {"news": False, "news/sport": True, "offers": True, "news/tv": False}}
    )

    facts = facts_between(before, after)

    assert [Fact(is_given=False, topic="news"), Fact(is_given=True, topic="news/sport")] == facts


@given(preferences(), st.sampled_from(TOPICS), st.none() | st.sampled_from(CHANNELS))
def test_after_a_no_to_a_topic_nothing_of_it_is_sent(
    chosen: Preferences, topic: str, channel: str | None
) -> None:
    refused = apply_fact(chosen, Fact(is_given=False, channel=channel, topic=topic))

    assert preferences_json(refused) == preferences_json(
        parse_preferences(preferences_json(refused))
    )
    assert all(
        objection(Matter(on, "default", each), refused) is not None
        for on in ([*CHANNELS, "other"] if channel is None else [channel])
        for each in (*TOPICS, f"{topic}/more")
        if topic in path_of(each)
    )


facts = st.builds(
    Fact,
    st.booleans(),
    channel=st.none() | st.sampled_from(CHANNELS),
    category=st.none(),
    topic=st.sampled_from(TOPICS),
)


@pytest.mark.parametrize(
    ("older", "later"),
    [
        (Fact(False, topic="news"), Fact(True, topic="news/sport")),
        (Fact(False, "sms", topic="news"), Fact(True, topic="news/sport")),
        (Fact(False, "sms", topic="news"), Fact(True, "sms", topic="news/sport")),
        (Fact(True, topic="news/sport"), Fact(False, "sms", topic="news")),
    ],
)
def test_what_was_said_since_outlives_what_is_told_late(older: Fact, later: Fact) -> None:
    before = parse_preferences({"topics": {"news/sport": {"channels": {"sms": True}}}})

    in_order = apply_fact(apply_fact(before, older), later)
    told_late = apply_fact(apply_fact(before, later), older, [later])

    assert in_order == told_late


@given(topics.map(lambda said: Preferences(topics=said)), facts, facts)
def test_what_is_told_late_leads_where_it_leads_in_order(
    before: Preferences, older: Fact, later: Fact
) -> None:
    assume(not is_outdated(older, [later]))
    assume(not (later.is_given and is_said(later, before)))

    in_order = apply_fact(apply_fact(before, older), later)
    told_late = apply_fact(apply_fact(before, later), older, [later])

    matters = [Matter(on, "default", t) for on in (*CHANNELS, "other") for t in TOPICS]
    assert [objection(each, in_order) is None for each in matters] == [
        objection(each, told_late) is None for each in matters
    ]


def is_said(fact: Fact, chosen: Preferences) -> bool:
    channel = fact.channel or EVERY
    if fact.topic is not None:
        return chosen.topics.get(fact.topic, {}).get(channel) is True
    return (channel, fact.category or EVERY) in chosen.opted_in


@given(preferences(), preferences())
def test_who_agrees_by_no_longer_saying_no_has_nothing_else_against_it(
    before: Preferences, after: Preferences
) -> None:
    unsaid = [f for f in facts_between(before, after) if f.is_given and not is_said(f, after)]

    matters = [Matter(f.channel or "other", f.category or "other", f.topic) for f in unsaid]
    assert [None] * len(unsaid) == [objection(matter, after) for matter in matters]


@given(preferences(), preferences())
def test_facts_lead_from_what_was_to_what_each_of_them_says(
    before: Preferences, after: Preferences
) -> None:
    facts = facts_between(before, after)

    told = before
    for fact in facts:
        told = apply_fact(told, fact)
    assert facts_between(after, after) == []
    assert after.opted_out <= told.opted_out
    assert after.opted_in <= told.opted_in
    assert {(t, on) for t, said in after.topics.items() for on in said} <= {
        (t, on) for t, said in told.topics.items() for on in said
    }
