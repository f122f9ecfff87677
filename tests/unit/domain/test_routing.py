from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ProviderName
from sendwell.domain.routing import Leg, Route, order


def test_a_route_is_read_in_its_order() -> None:
    route = Route.parse(" smtp, SendGrid ,twilio__eu")

    assert [leg.provider for leg in route.legs] == ["smtp", "sendgrid", "twilio__eu"]
    assert str(route) == "smtp,sendgrid,twilio__eu"


def test_a_route_may_have_shares() -> None:
    route = Route.parse("smtp:3,sendgrid:1,mailgun")

    assert [leg.weight for leg in route.legs] == [3, 1, 0]
    assert str(route) == "smtp:3,sendgrid:1,mailgun"


def test_an_account_is_told_from_its_vendor() -> None:
    plain, named = Route.parse("my_vendor,twilio__eu_west").legs

    assert (plain.vendor, plain.account) == ("my_vendor", None)
    assert (named.vendor, named.account) == ("twilio", "eu_west")


@pytest.mark.parametrize(
    "text",
    ["", ",", "smtp,", "smtp:", "smtp:-1", "smtp:1.5", "s mtp", "1smtp", "twilio__", "a,a:2"],
)
def test_anything_else_is_no_route(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Route.parse(text)

    assert [flaw.pointer for flaw in refusal.value.flaws] == [""]


def test_without_shares_the_order_alone_decides() -> None:
    route = Route.parse("smtp,sendgrid,mailgun")

    assert order(route, chance=0.99) == ("smtp", "sendgrid", "mailgun")


def test_with_shares_the_first_is_drawn_and_the_others_follow_in_order() -> None:
    route = Route.parse("smtp:3,sendgrid:1,mailgun")

    assert order(route, chance=0.74) == ("smtp", "sendgrid", "mailgun")
    assert order(route, chance=0.75) == ("sendgrid", "smtp", "mailgun")


def test_what_is_unavailable_is_left_out_and_the_rest_share_anew() -> None:
    route = Route.parse("smtp:2,sendgrid:1,ses:1,mailgun")

    assert order(route, chance=0.49, unavailable={"smtp"}) == ("sendgrid", "ses", "mailgun")
    assert order(route, chance=0.5, unavailable={"smtp"}) == ("ses", "sendgrid", "mailgun")


def test_who_only_stands_in_comes_when_the_others_are_gone() -> None:
    route = Route.parse("smtp:3,mailgun,ses")

    assert order(route, chance=0.5, unavailable={"smtp"}) == ("mailgun", "ses")


def test_nobody_is_left_when_all_are_unavailable() -> None:
    assert order(Route.parse("smtp"), chance=0.5, unavailable={"smtp"}) == ()


def test_shares_are_kept() -> None:
    route = Route.parse("smtp:3,sendgrid:1")

    firsts = Counter(order(route, chance=n / 1000)[0] for n in range(1000))

    assert firsts == {"smtp": 750, "sendgrid": 250}


names = st.from_regex(r"[a-z][a-z0-9]{0,8}(__[a-z]{1,4})?", fullmatch=True).map(ProviderName)
routes = st.lists(
    st.builds(Leg, names, st.integers(0, 9)),
    min_size=1,
    max_size=6,
    unique_by=lambda leg: leg.provider,
).map(lambda legs: Route(tuple(legs)))


@given(routes, st.floats(0, 1, exclude_max=True), st.data())
def test_everybody_available_is_tried_once_and_nobody_else(
    route: Route, chance: float, data: st.DataObject
) -> None:
    everybody = [leg.provider for leg in route.legs]
    unavailable = data.draw(st.sets(st.sampled_from(everybody)))

    tried = order(route, chance=chance, unavailable=unavailable)

    assert sorted(set(everybody) - unavailable) == sorted(tried)
    assert [name for name in everybody if name in tried[1:]] == list(tried[1:])


@given(routes)
def test_what_was_written_is_read_again(route: Route) -> None:
    assert route == Route.parse(str(route))
