"""Expiry, suppression, consent, quiet hours: in this order."""

from datetime import UTC, datetime, timedelta

import pytest

from sendwell.domain.admission import Ask, Go, Hold, Stop, admit
from sendwell.domain.consent import Preferences, parse_preferences
from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State
from sendwell.domain.person import Person
from sendwell.domain.quiet_hours import QuietHours, parse_quiet_hours

EMAIL = ChannelName("email")
MIDNIGHT = datetime(2026, 6, 1, 0, 0, tzinfo=UTC)
ASK = Ask(EMAIL, "marketing", is_critical=False)
CRITICAL = Ask(EMAIL, "security", is_critical=True)
NIGHT = {"windows": [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                      "from": "22:00", "to": "07:00"}]}  # fmt: skip
SLEEPER = Person(None, preferences=Preferences(quiet_hours=parse_quiet_hours(NIGHT)))
OPTED_OUT = Person(None, preferences=Preferences(opted_out=frozenset({("*", "marketing")})))
ANYBODY = Person(None)


def verdict(ask: Ask, person: Person, suppressed: str | None = None) -> object:
    return admit(ask, person, suppressed=suppressed, now=MIDNIGHT, default_zone="UTC")


def test_what_nothing_speaks_against_goes() -> None:
    assert verdict(ASK, ANYBODY) == Go()


def test_what_is_too_late_is_over_even_if_nothing_else_speaks_against_it() -> None:
    late = Ask(EMAIL, "otp", is_critical=True, expires_at=MIDNIGHT)
    in_time = Ask(EMAIL, "otp", is_critical=True, expires_at=MIDNIGHT + timedelta(seconds=1))

    decided = verdict(late, ANYBODY, "bounced")

    assert isinstance(decided, Stop)
    assert decided.state is State.EXPIRED
    assert verdict(in_time, ANYBODY) == Go()


def test_a_suppressed_address_stops_even_a_critical_category() -> None:
    decided = verdict(CRITICAL, ANYBODY, "address_gone")

    why = "Nothing is sent to this address: address gone."
    assert decided == Stop(State.SUPPRESSED, "suppression", why)


def test_an_opt_out_is_obeyed() -> None:
    decided = verdict(ASK, OPTED_OUT)

    assert isinstance(decided, Stop)
    assert (decided.state, decided.rule) == (State.SUPPRESSED, "consent")


def test_what_decided_about_consent_is_named() -> None:
    decided = verdict(ASK, OPTED_OUT)

    assert isinstance(decided, Stop)
    assert decided.text == "The person has switched off marketing messages by email."


def test_a_tenants_defaults_and_its_topics_count_for_who_has_not_chosen() -> None:
    about_news = ASK._replace(topic="news")
    off = Preferences(opted_out=frozenset({("*", "marketing")}))

    by_default = admit(
        ASK, ANYBODY, suppressed=None, now=MIDNIGHT, default_zone="UTC", defaults=off
    )
    by_mode = admit(
        about_news,
        ANYBODY,
        suppressed=None,
        now=MIDNIGHT,
        default_zone="UTC",
        topics={"news": True},
    )

    assert isinstance(by_default, Stop)
    assert isinstance(by_mode, Stop)
    assert {by_default.rule, by_mode.rule} == {"consent"}


def test_a_tenants_quiet_hours_hold_for_who_has_chosen_none() -> None:
    awake = Person(None, preferences=Preferences(quiet_hours=QuietHours()))

    decided = [
        admit(
            ASK,
            person,
            suppressed=None,
            now=MIDNIGHT,
            default_zone="UTC",
            defaults=SLEEPER.preferences,
        )
        for person in (ANYBODY, awake)
    ]

    assert decided == [Hold(MIDNIGHT + timedelta(hours=7), "quiet_hours"), Go()]


def test_quiet_hours_hold_and_never_drop() -> None:
    decided = verdict(ASK, SLEEPER)

    assert decided == Hold(MIDNIGHT + timedelta(hours=7), "quiet_hours")


def test_quiet_hours_follow_the_persons_own_zone() -> None:
    abroad = Person(None, timezone="Asia/Tokyo", preferences=SLEEPER.preferences)

    assert verdict(ASK, abroad) == Go()


def test_outside_the_quiet_hours_it_goes() -> None:
    noon = MIDNIGHT.replace(hour=12)

    decided = admit(ASK, SLEEPER, suppressed=None, now=noon, default_zone="UTC")

    assert decided == Go()


def test_a_category_declared_critical_passes_consent_and_quiet_hours() -> None:
    assert verdict(CRITICAL, OPTED_OUT) == Go()
    assert verdict(CRITICAL, SLEEPER) == Go()


@pytest.mark.parametrize("is_critical", [True, False])
@pytest.mark.parametrize(
    "chosen", [{"categories": {"security": False}}, {"topics": {"alarms": False}}]
)
def test_what_is_critical_passes_a_category_and_a_topic_that_are_off(
    chosen: object, is_critical: bool
) -> None:
    person = Person(None, preferences=parse_preferences(chosen))

    decided = verdict(Ask(EMAIL, "security", is_critical=is_critical, topic="alarms"), person)

    assert isinstance(decided, Go if is_critical else Stop)
