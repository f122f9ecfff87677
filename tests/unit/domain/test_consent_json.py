"""Choices as people write them."""

import pytest

from sendwell.domain.consent import parse_preferences, preferences_json
from sendwell.domain.errors import Invalid


def test_order_and_quiet_hours_are_read() -> None:
    preferences = parse_preferences(
        {
            "order": ["push", "email"],
            "quiet_hours": {"windows": [{"from": "22:00", "to": "07:00"}]},
        }
    )

    assert ("push", "email") == preferences.order
    assert preferences.quiet_hours is not None
    assert parse_preferences({"quiet_hours": None}).quiet_hours is None


def test_a_topic_is_switched_shortly_or_by_channel() -> None:
    short = parse_preferences({"topics": {"news": True}})
    long = parse_preferences({"topics": {"news": {"enabled": True}}})
    by_channel = parse_preferences({"topics": {"news": {"channels": {"sms": False}}}})

    assert short == long
    assert {"news": {"sms": False}} == by_channel.topics
    assert {"news": {"channels": {"sms": False}}} == preferences_json(by_channel)["topics"]


def test_a_topic_of_which_nothing_is_said_is_not_kept() -> None:
    assert {} == parse_preferences({"topics": {"news": {}, "offers": {"channels": {}}}}).topics


def test_only_what_was_chosen_is_written() -> None:
    chosen = {
        "enabled": True,
        "categories": {"ads": False, "tips": True},
        "channels": {
            "sms": {"enabled": True, "categories": {}},
            "push": {"categories": {"a": True}},
        },
        "topics": {"news/sport": {"enabled": True, "channels": {"sms": False}}},
        "order": ["push"],
        "quiet_hours": None,
    }

    assert chosen == preferences_json(parse_preferences(chosen))


def test_everything_wrong_is_pointed_at() -> None:
    value = {
        "enabled": "no",
        "channels": {
            "E-Mail": {},
            "*": {"enabled": False},
            "sms": {"on": False},
            "push": {"enabled": 0, "categories": {"": False, "*": False, "a": None}},
            "email": [],
        },
        "categories": [],
        "topics": {
            "News": True,
            "news//sport": False,
            "news": {"on": True},
            "offers": {"enabled": 1, "channels": {"E-Mail": True, "sms": "no"}},
            "x" * 256: True,
            "tips": [],
        },
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
        "/topics/News",
        "/topics/news~1~1sport",
        "/topics/news/on",
        "/topics/offers/enabled",
        "/topics/offers/channels/E-Mail",
        "/topics/offers/channels/sms",
        f"/topics/{'x' * 256}",
        "/topics/tips",
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
