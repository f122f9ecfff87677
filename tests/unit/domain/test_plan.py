"""Which channels and addresses a request goes to."""

from datetime import UTC, datetime

import pytest

from sendwell.domain.admission import (
    ERASED,
    NO_ADDRESS,
    NOT_DELIVERED,
    Go,
    Hold,
    Stop,
    Verdict,
)
from sendwell.domain.consent import Preferences
from sendwell.domain.ids import ChannelName
from sendwell.domain.lifecycle import State
from sendwell.domain.person import Person
from sendwell.domain.plan import Wanted, choose, goes_on

EMAIL, PUSH, SMS = (ChannelName(name) for name in ("email", "push", "sms"))
TENANTS_ORDER = (EMAIL, PUSH, SMS)
ALL = frozenset(TENANTS_ORDER)
PERSON = Person(
    None, {EMAIL: {0: "a@example.org"}, PUSH: {1: "one", 2: "two"}}, preferences=Preferences()
)
NOBODY = Person(None)
OPTED_OUT = Stop(State.SUPPRESSED, "consent", "no")


def goes(_: ChannelName, __: str) -> Verdict:
    return Go()


def test_all_channels_that_were_asked_for_are_used_with_all_addresses() -> None:
    wanted = Wanted((PUSH, EMAIL))

    choices = choose(wanted, PERSON, TENANTS_ORDER, enabled=ALL, admits=goes)

    assert [(c.channel, c.target, c.address) for c in choices] == [
        (PUSH, 1, "one"),
        (PUSH, 2, "two"),
        (EMAIL, 0, "a@example.org"),
    ]


def test_a_channel_that_was_asked_for_and_has_no_address_ends_visibly() -> None:
    wanted = Wanted((SMS,))

    (choice,) = choose(wanted, PERSON, TENANTS_ORDER, enabled=ALL, admits=goes)

    assert choice.verdict == NO_ADDRESS


def test_without_channels_the_persons_own_order_decides() -> None:
    person = Person(None, PERSON.addresses, preferences=Preferences(order=(PUSH, EMAIL)))

    choices = choose(Wanted(), person, TENANTS_ORDER, enabled=ALL, admits=goes)

    assert {choice.channel for choice in choices} == {PUSH}


def test_without_channels_and_preferences_the_tenants_order_decides() -> None:
    choices = choose(Wanted(), PERSON, TENANTS_ORDER, enabled=ALL, admits=goes)

    assert [choice.channel for choice in choices] == [EMAIL]


def test_a_fallback_passes_over_channels_without_address_or_consent() -> None:
    wanted = Wanted((SMS, PUSH, EMAIL), is_fallback=True)

    choices = choose(
        wanted,
        PERSON,
        TENANTS_ORDER,
        enabled=ALL,
        admits=lambda channel, _: OPTED_OUT if channel == PUSH else Go(),
    )

    assert [choice.channel for choice in choices] == [EMAIL]


def test_a_channel_with_one_good_address_is_taken() -> None:
    wanted = Wanted((PUSH, EMAIL), is_fallback=True)

    choices = choose(
        wanted,
        PERSON,
        TENANTS_ORDER,
        enabled=ALL,
        admits=lambda _, address: OPTED_OUT if address == "one" else Go(),
    )

    assert [(c.channel, c.address, c.verdict) for c in choices] == [
        (PUSH, "one", OPTED_OUT),
        (PUSH, "two", Go()),
    ]


@pytest.mark.parametrize(
    "wanted", [Wanted(), Wanted((EMAIL, PUSH), is_fallback=True)], ids=["nobody asked", "fallback"]
)
def test_a_channel_that_nobody_delivers_by_is_passed_over(wanted: Wanted) -> None:
    choices = choose(wanted, PERSON, TENANTS_ORDER, enabled={PUSH, SMS}, admits=goes)

    assert {choice.channel for choice in choices} == {PUSH}
    assert not goes_on(
        wanted, PERSON, TENANTS_ORDER, enabled={EMAIL, SMS}, admits=goes, after=EMAIL
    )


def test_where_only_such_channels_are_left_it_ends_without_an_address() -> None:
    (choice,) = choose(Wanted(), PERSON, TENANTS_ORDER, enabled={SMS}, admits=goes)

    assert (choice.channel, choice.verdict) == (SMS, NO_ADDRESS)


def test_a_channel_that_was_asked_for_before_it_was_left_out_ends_visibly() -> None:
    choices = choose(Wanted((EMAIL, PUSH)), PERSON, TENANTS_ORDER, enabled={PUSH}, admits=goes)
    (only,) = choose(Wanted((EMAIL,), True), PERSON, (), enabled={PUSH}, admits=goes)

    assert [(each.channel, each.address) for each in choices] == [
        (EMAIL, None),
        (PUSH, "one"),
        (PUSH, "two"),
    ]
    assert [NOT_DELIVERED, NOT_DELIVERED] == [choices[0].verdict, only.verdict]


def test_a_channel_that_only_has_to_wait_is_not_passed_over() -> None:
    until = Hold(datetime(2026, 1, 1, tzinfo=UTC), "quiet_hours")

    (choice,) = choose(
        Wanted((EMAIL, PUSH), is_fallback=True), PERSON, (), enabled=ALL, admits=lambda *_: until
    )

    assert (choice.channel, choice.verdict) == (EMAIL, until)


def test_a_stopped_address_tells_more_than_a_missing_one() -> None:
    wanted = Wanted((SMS, EMAIL), is_fallback=True)

    (choice,) = choose(wanted, PERSON, TENANTS_ORDER, enabled=ALL, admits=lambda *_: OPTED_OUT)

    assert choice.verdict == OPTED_OUT


def test_nowhere_to_go_is_said_once_for_the_first_channel() -> None:
    (choice,) = choose(Wanted(), NOBODY, TENANTS_ORDER, enabled=ALL, admits=goes)

    assert (choice.channel, choice.verdict) == (EMAIL, NO_ADDRESS)


@pytest.mark.parametrize("preferred", [(EMAIL, PUSH), (PUSH, EMAIL)], ids=["behind", "before"])
def test_a_fallback_goes_on_with_a_channel_that_was_not_tried(
    preferred: tuple[ChannelName, ...],
) -> None:
    person = PERSON._replace(preferences=Preferences(order=preferred))

    choices = choose(Wanted(), person, TENANTS_ORDER, enabled=ALL, admits=goes, tried={EMAIL})

    assert {choice.channel for choice in choices} == {PUSH}


def test_a_fallback_without_a_channel_left_plans_nothing() -> None:
    wanted = Wanted((EMAIL, PUSH), is_fallback=True)

    choices = choose(wanted, PERSON, TENANTS_ORDER, enabled=ALL, admits=goes, tried={PUSH, EMAIL})

    assert [] == choices


@pytest.mark.parametrize(
    ("wanted", "after", "is_so"),
    [
        (Wanted((EMAIL, PUSH), is_fallback=True), EMAIL, True),
        (Wanted((EMAIL, PUSH), is_fallback=True), PUSH, False),
        (Wanted((EMAIL, SMS), is_fallback=True), EMAIL, False),
        (Wanted((EMAIL, PUSH)), EMAIL, False),
        (Wanted(), EMAIL, True),
        (Wanted(), SMS, False),
    ],
)
def test_a_failure_is_followed_by_another_delivery_where_a_channel_with_an_address_is_left(
    wanted: Wanted, after: ChannelName, is_so: bool
) -> None:
    assert is_so is goes_on(wanted, PERSON, TENANTS_ORDER, enabled=ALL, admits=goes, after=after)
    assert not goes_on(
        wanted, PERSON, TENANTS_ORDER, enabled=ALL, admits=lambda *_: OPTED_OUT, after=after
    )


def test_nothing_follows_a_channel_that_is_not_in_the_order_any_more() -> None:
    person = PERSON._replace(preferences=Preferences(order=(PUSH,)))

    follows = goes_on(Wanted(), person, TENANTS_ORDER, enabled=ALL, admits=goes, after=EMAIL)

    assert not follows


def test_somebody_who_was_erased_is_told_nothing_on_any_channel() -> None:
    erased = PERSON._replace(is_erased=True)

    asked = choose(Wanted((EMAIL, PUSH)), erased, TENANTS_ORDER, enabled=ALL, admits=goes)
    chosen = choose(Wanted(), erased, TENANTS_ORDER, enabled=ALL, admits=goes)

    assert [(each.channel, each.address, each.verdict) for each in asked] == [
        (EMAIL, None, ERASED),
        (PUSH, None, ERASED),
    ]
    assert [each.verdict for each in chosen] == [ERASED]
