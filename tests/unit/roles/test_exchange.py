"""By which account a delivery goes: by its tenant's route, else by the installation's."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sendwell.adapters.system import SystemChance, SystemClock
from sendwell.domain.breaker import Breaker
from sendwell.domain.outcome import Blame, Deferred, Fault, Unknown
from sendwell.domain.routing import Route
from sendwell.providers.null import Null
from sendwell.roles.delivery.exchange import Account, Exchange

KNOWN = {name: Null() for name in ("smtp", "sendgrid", "mailbox")}


def an_exchange(route: str = "smtp") -> Exchange:
    clock = SystemClock()
    exchange = Exchange(Account("mailbox", Null()), clock=clock, chance=SystemChance())
    exchange.use(Route.parse(route), KNOWN)
    return exchange


def picked(
    exchange: Exchange, route: str | None = None, *, tried: tuple[str, ...] = ()
) -> str | None:
    own = None if route is None else Route.parse(route)
    account = exchange.pick(tried, stays_in_house=False, route=own)
    return account.name if account else None


def account_of(exchange: Exchange, name: str) -> Account:
    return next(account for account in exchange.accounts if account.name == name)


def fail(exchange: Exchange, account: Account) -> None:
    """Until it is spared."""
    for _ in range(5):
        account.in_flight += 1
        exchange.learn(account, Deferred(Fault("http.503", "It is down.")))


def test_without_a_route_of_its_own_a_delivery_goes_as_the_installation_says() -> None:
    exchange = an_exchange()

    assert picked(exchange) == "smtp"
    assert not exchange.is_split


def test_a_route_of_its_own_decides_and_its_others_stand_in() -> None:
    exchange = an_exchange()

    assert picked(exchange, "sendgrid,mailbox") == "sendgrid"
    sendgrid = account_of(exchange, "sendgrid")
    assert exchange.next_in(sendgrid, (), Route.parse("sendgrid,mailbox")) == timedelta(0)
    assert exchange.next_in(account_of(exchange, "smtp"), ()) is None
    assert exchange.is_split


def test_accounts_that_are_not_there_are_left_out_and_of_none_left_the_usual_route_is_taken() -> (
    None
):
    exchange = an_exchange()

    assert picked(exchange, "twilio,sendgrid") == "sendgrid"
    assert picked(exchange, "twilio") == "smtp"


def test_an_account_has_its_seats_once_whoever_takes_them() -> None:
    exchange = an_exchange("smtp,sendgrid")
    account = exchange.pick((), stays_in_house=False)
    assert account is not None
    account.in_flight = account.seats

    assert picked(exchange, "smtp") is None
    assert exchange.wait(Route.parse("smtp")).total_seconds() == 0.01
    assert picked(exchange) == "sendgrid"


def test_what_is_paused_for_everybody_is_waited_for_by_who_has_nothing_else() -> None:
    exchange = an_exchange()
    account = exchange.pick((), stays_in_house=False, route=Route.parse("sendgrid"))
    assert account is not None

    exchange.pause(account, 60_000_000)

    assert picked(exchange, "sendgrid") is None
    assert 50 < exchange.wait(Route.parse("sendgrid")).total_seconds() <= 60
    assert exchange.closed_for().total_seconds() == 0


def test_an_account_that_rests_is_one_that_can_be_asked_then() -> None:
    exchange = an_exchange("sendgrid,smtp")
    sendgrid, smtp = account_of(exchange, "sendgrid"), account_of(exchange, "smtp")

    exchange.pause(smtp, 50_000)
    paused = exchange.next_in(sendgrid, ())
    fail(exchange, smtp)
    spared = exchange.next_in(sendgrid, ())

    assert paused is not None
    assert timedelta(0) < paused <= timedelta(milliseconds=50)
    assert spared is not None
    assert timedelta(seconds=50) < spared <= timedelta(minutes=1)
    assert exchange.next_in(sendgrid, ("smtp",)) is None


def test_an_account_that_can_be_asked_soon_is_waited_for() -> None:
    exchange = an_exchange("sendgrid,smtp")
    sendgrid, smtp = account_of(exchange, "sendgrid"), account_of(exchange, "smtp")

    exchange.pause(smtp, 900_000)
    paused = picked(exchange, tried=("sendgrid",))
    smtp.paused_until, smtp.in_flight = 0, smtp.seats
    full = picked(exchange, tried=("sendgrid",))
    smtp.in_flight = 0
    free = picked(exchange, tried=("sendgrid",))
    fail(exchange, smtp)

    assert (paused, full, free) == (None, None, "smtp")
    assert picked(exchange, tried=("sendgrid",)) == sendgrid.name
    assert picked(exchange, tried=("sendgrid", "smtp")) == sendgrid.name


def test_what_stays_in_the_house_has_no_other_account() -> None:
    exchange = an_exchange()
    account = exchange.pick((), stays_in_house=True)
    assert account is not None

    assert exchange.next_in(account, ()) is None


def test_what_stays_in_the_house_goes_by_no_route() -> None:
    exchange = an_exchange()

    account = exchange.pick((), stays_in_house=True, route=Route.parse("sendgrid"))

    assert account is not None
    assert account.name == "mailbox"
    assert not exchange.is_split


def test_another_route_of_the_installation_ends_pauses_and_keeps_breakers() -> None:
    exchange = an_exchange()
    account = exchange.pick((), stays_in_house=False, route=Route.parse("sendgrid"))
    assert account is not None
    exchange.pause(account, 60_000_000)

    exchange.use(Route.parse("sendgrid"), KNOWN)

    assert exchange.pick((), stays_in_house=False) is account


def test_a_way_is_down_once_all_of_its_accounts_have_failed_again_and_again() -> None:
    exchange, own = an_exchange("smtp,sendgrid"), Route.parse("sendgrid")

    fail(exchange, account_of(exchange, "sendgrid"))
    first = exchange.is_impaired, exchange.is_down(own), exchange.is_down(None)
    fail(exchange, account_of(exchange, "smtp"))

    assert (True, True, False) == first
    assert exchange.is_down(None)


def test_what_is_over_its_rate_is_not_down() -> None:
    exchange = an_exchange()
    account = exchange.pick((), stays_in_house=False)
    assert account is not None

    exchange.pause(account, 60_000_000)

    assert not exchange.is_impaired
    assert not exchange.is_down(None)


THROTTLED = Fault("http.throttled", "It answered 429.")


def asks_for(
    exchange: Exchange,
    wait: timedelta,
    *,
    fault: Fault = THROTTLED,
    kind: type[Deferred | Unknown] = Deferred,
) -> Account:
    account = exchange.pick((), stays_in_house=False)
    assert account is not None
    exchange.learn(account, kind(fault, wait))
    return account


@pytest.mark.parametrize("kind", [Deferred, Unknown])
def test_an_account_that_asks_for_time_is_asked_nothing_until_then(
    kind: type[Deferred | Unknown],
) -> None:
    exchange = an_exchange("sendgrid,smtp")

    asked = asks_for(exchange, timedelta(seconds=30), kind=kind)

    assert picked(exchange) == "smtp"
    assert not exchange.is_down(Route.parse("sendgrid"))
    now = int(SystemClock().elapsed() * 1e6)
    assert timedelta(seconds=20) < asked.wait(now) <= timedelta(seconds=30)


def test_one_that_asks_for_longer_than_a_breaker_rests_is_down_until_then() -> None:
    exchange = an_exchange("sendgrid,smtp")

    asked = asks_for(exchange, timedelta(days=1))

    assert picked(exchange) == "smtp"
    assert exchange.is_down(Route.parse("sendgrid"))
    now = int(SystemClock().elapsed() * 1e6)
    assert timedelta(minutes=59) < asked.wait(now) <= timedelta(hours=1)


def test_a_limit_does_not_shorten_what_an_account_has_asked_for() -> None:
    exchange = an_exchange()
    asked = asks_for(exchange, timedelta(seconds=30))

    exchange.pause(asked, 50_000)

    assert exchange.closed_for() > timedelta(seconds=20)


def test_the_endpoint_of_somebody_asks_for_itself_alone() -> None:
    exchange = an_exchange()

    asks_for(exchange, timedelta(hours=1), fault=replace(THROTTLED, blame=Blame.ADDRESS))

    assert picked(exchange) == "smtp"


DEFECT = Unknown(Fault("us.defect", "ValueError in smtp", Blame.US))


def test_what_went_wrong_on_our_side_is_no_sign_of_life() -> None:
    exchange = an_exchange()
    account = account_of(exchange, "smtp")

    failure = Deferred(THROTTLED)
    for outcome in (failure, failure, failure, failure, DEFECT, failure):
        account.in_flight += 1
        exchange.learn(account, outcome)

    assert exchange.is_down(None)


def test_a_probe_that_went_wrong_on_our_side_costs_a_rest() -> None:
    exchange = an_exchange()
    account = account_of(exchange, "smtp")
    account.breaker = Breaker(reopens_at=0)

    probe = exchange.pick((), stays_in_house=False)
    exchange.learn(account, DEFECT)

    assert probe is account
    assert exchange.is_down(None)
