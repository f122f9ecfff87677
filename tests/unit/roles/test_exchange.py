"""By which account a delivery goes: by its tenant's route, else by the installation's."""

from sendwell.adapters.system import SystemChance, SystemClock
from sendwell.domain.outcome import Deferred, Fault
from sendwell.domain.routing import Route
from sendwell.providers.null import Null
from sendwell.roles.delivery.exchange import Account, Exchange

KNOWN = {name: Null() for name in ("smtp", "sendgrid", "mailbox")}


def an_exchange(route: str = "smtp") -> Exchange:
    clock = SystemClock()
    exchange = Exchange(Account("mailbox", Null()), clock=clock, chance=SystemChance())
    exchange.use(Route.parse(route), KNOWN)
    return exchange


def picked(exchange: Exchange, route: str | None = None) -> str | None:
    own = None if route is None else Route.parse(route)
    account = exchange.pick((), stays_in_house=False, route=own)
    return account.name if account else None


def test_without_a_route_of_its_own_a_delivery_goes_as_the_installation_says() -> None:
    exchange = an_exchange()

    assert picked(exchange) == "smtp"
    assert not exchange.is_split


def test_a_route_of_its_own_decides_and_its_others_stand_in() -> None:
    exchange = an_exchange()

    assert picked(exchange, "sendgrid,mailbox") == "sendgrid"
    assert exchange.others("sendgrid", (), Route.parse("sendgrid,mailbox")) == ("mailbox",)
    assert exchange.others("smtp", ()) == ()
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
    fault = Deferred(Fault("http.503", "It is down."))

    def fail(route: Route) -> None:
        for _ in range(5):
            account = exchange.pick((), stays_in_house=False, route=route)
            assert account is not None
            exchange.learn(account, fault)

    fail(own)
    first = exchange.is_impaired, exchange.is_down(own), exchange.is_down(None)
    fail(Route.parse("smtp"))

    assert (True, True, False) == first
    assert exchange.is_down(None)


def test_what_is_over_its_rate_is_not_down() -> None:
    exchange = an_exchange()
    account = exchange.pick((), stays_in_house=False)
    assert account is not None

    exchange.pause(account, 60_000_000)

    assert not exchange.is_impaired
    assert not exchange.is_down(None)
