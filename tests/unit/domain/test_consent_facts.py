"""What is put on record when choices change, and what becomes of choices by what is told."""

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
)
from sendwell.domain.topic import path_of
from tests.unit.domain.consent_cases import CHANNELS, TOPICS, allowed, preferences, topics


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
    assert after.opted_out <= told.opted_out
    assert after.opted_in <= told.opted_in
    assert _said_of_topics(after) <= _said_of_topics(told)


def _said_of_topics(chosen: Preferences) -> set[tuple[str, str, bool]]:
    return {(t, on, yes) for t, said in chosen.topics.items() for on, yes in said.items()}


@given(preferences())
def test_who_changes_nothing_says_nothing(chosen: Preferences) -> None:
    assert facts_between(chosen, chosen) == []
