"""Which provider account takes a delivery: routes, breakers and free seats of one channel."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.breaker import Breaker
from sendwell.domain.instant import microseconds_in, span_of
from sendwell.domain.outcome import Accepted, Blame, Deferred, Outcome, Unknown
from sendwell.domain.routing import Route, order
from sendwell.domain.settle import SOON
from sendwell.ports.clock import Chance, Clock
from sendwell.ports.provider import Provider

log = structlog.get_logger()
MAILBOX = "mailbox"
_A_MOMENT = timedelta(milliseconds=10)
_LONGEST_WAIT = RetryPolicy().wait_cap


@dataclass(slots=True)
class Account:
    """One provider account in use. `seats` is how many sends may be in flight at once."""

    name: str
    provider: Provider
    seats: int = 128
    breaker: Breaker = field(default_factory=Breaker)
    in_flight: int = 0
    paused_until: int = 0
    """Microseconds of the monotonic clock: over its rate limit before that."""

    def is_open(self, now: int) -> bool:
        """Whether it may be asked now."""
        if not self.paused_until and self.breaker.is_untouched:
            return True
        return self.paused_until <= now and self.breaker.allows(now)

    def wait(self, now: int) -> timedelta:
        """How long it may not be asked."""
        pause = span_of(max(0, self.paused_until - now))
        return max(pause, self.breaker.wait(now))


@dataclass(frozen=True, slots=True)
class Way:
    """A route with the accounts it leads to."""

    route: Route
    accounts: Mapping[str, Account]
    only: Account | None
    """The account, where there is one alone."""


class Exchange:
    """The accounts of one channel.

    A tenant's deliveries go by the tenant's own route, where it has one, all others by that of the
    installation. An account is one, whoever uses it: with its seats, its pause and its breaker.
    """

    def __init__(
        self,
        in_house: Account,
        *,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._in_house = in_house
        self._clock = clock
        self._chance = chance
        self._known: Mapping[str, Provider] = {}
        self._made: dict[str, Account] = {}
        self._ways: dict[Route, Way] = {}
        self._usual = Way(Route(()), {}, None)
        self._in_use: dict[str, Account] = {}

    def use(self, route: Route, known: Mapping[str, Provider]) -> None:
        """Deliveries go by this route from now on; an account that stays keeps its breaker."""
        self._known = known
        self._ways.clear()
        self._usual = self._way(route)
        self._in_use = dict(self._usual.accounts)
        for account in (*self._made.values(), self._in_house):
            account.paused_until = 0

    @property
    def accounts(self) -> Sequence[Account]:
        """Every account a delivery of this channel may go to."""
        return (*self._in_use.values(), self._in_house)

    @property
    def is_split(self) -> bool:
        """Whether a free seat may be one that not everybody can take."""
        return bool(self._ways)

    @property
    def is_impaired(self) -> bool:
        """Whether an account is spared because it has failed: nothing is down without one."""
        return any(account.breaker.reopens_at is not None for account in self._in_use.values())

    def is_down(self, route: Route | None) -> bool:
        """Whether all accounts of this way are spared because they have failed."""
        now = self._now()
        accounts = self._find(route).accounts.values()
        return not any(account.breaker.allows(now) for account in accounts)

    def pick(
        self, tried: Collection[str], *, stays_in_house: bool, route: Route | None = None
    ) -> Account | None:
        """Take a seat at the account that should get the next delivery; None when none can now.

        `route` is the tenant's own; without one, or where it leads nowhere, it is the usual one.
        """
        account = self._in_house if stays_in_house else self._choose(self._find(route), tried)
        if account is None or account.in_flight >= account.seats:
            return None
        if stays_in_house and self.rest_in_house():
            return None
        account.in_flight += 1
        if account.breaker.reopens_at is not None:
            account.breaker = account.breaker.after_start(self._now())
        return account

    def seats(self) -> int:
        """How many sends may be in flight at once."""
        return sum(account.seats for account in self._in_use.values())

    def free_seats(self) -> int:
        """How many deliveries that leave the house could find a seat now."""
        now = self._now()
        return sum(
            account.seats - account.in_flight
            for account in self._in_use.values()
            if account.is_open(now)
        )

    def free_in_house(self) -> int:
        """How many more could stay in the house now."""
        if self.rest_in_house():
            return 0
        return self._in_house.seats - self._in_house.in_flight

    def rest_in_house(self) -> timedelta:
        """How long nothing may stay in the house, over its rate limit."""
        if not self._in_house.paused_until:
            return timedelta()
        return span_of(max(0, self._in_house.paused_until - self._now()))

    def next_in(
        self, asked: Account, tried: Collection[str], route: Route | None = None
    ) -> timedelta | None:
        """After how long a delivery could go to an account besides those it was at; None: never."""
        way = self._find(route)
        if way.only is asked or asked is self._in_house:
            return None
        now = self._now()
        left = (each for each in _untried(way, tried) if each is not asked)
        return min((each.wait(now) for each in left), default=None)

    def pause(self, account: Account, microseconds: int) -> None:
        """Ask it nothing for so long at least: it is over its rate limit."""
        account.paused_until = max(account.paused_until, self._now() + microseconds)

    def leave(self, account: Account) -> None:
        """Give the seat back unused."""
        account.in_flight -= 1
        account.breaker = account.breaker.after_leave(self._now())

    def learn(self, account: Account, outcome: Outcome) -> None:
        """Give the seat back and let the breaker know how it went.

        What went wrong on our side is neither a failure of the account nor a sign of life.
        """
        account.in_flight -= 1
        if _is_their_fault(outcome):
            account.breaker = account.breaker.after_failure(self._now())
            if isinstance(outcome, Deferred | Unknown) and outcome.wait:
                self._leave_alone(account, min(outcome.wait, _LONGEST_WAIT))
        elif not (account.breaker.is_untouched or _is_our_fault(outcome)):
            account.breaker = account.breaker.after_success(self._now())

    def closed_for(self) -> timedelta:
        """How long no account may be asked; nothing when one may be asked now."""
        return self._closed_for(self._in_use)

    def wait(self, route: Route | None) -> timedelta:
        """After how long to look for a seat by this route again, when there was none."""
        return max(self._closed_for(self._find(route).accounts), _A_MOMENT)

    def _leave_alone(self, account: Account, wait: timedelta) -> None:
        """The provider has asked for `wait`: that pauses the account.

        Longer than a breaker rests, it opens the account's breaker for so long.
        """
        if wait > account.breaker.policy.rest:
            account.breaker = account.breaker.after_wish(self._now(), wait)
        else:
            self.pause(account, microseconds_in(wait))

    def _closed_for(self, accounts: Mapping[str, Account]) -> timedelta:
        now = self._now()
        return min(account.wait(now) for account in accounts.values())

    def _now(self) -> int:
        return int(self._clock.elapsed() * 1e6)

    def _find(self, route: Route | None) -> Way:
        if route is None:
            return self._usual
        way = self._ways.get(route)
        if way is None:
            way = self._ways[route] = self._own_way(route)
            self._in_use |= way.accounts
        return way

    def _own_way(self, route: Route) -> Way:
        """A tenant's way. What has no credentials here is left out; of nothing left, the usual."""
        strange = [leg.provider for leg in route.legs if leg.provider not in self._known]
        if strange:
            log.warning("delivery.route_names_strangers", route=str(route), unknown=strange)
        legs = tuple(leg for leg in route.legs if leg.provider in self._known)
        return self._way(Route(legs)) if legs else self._usual

    def _way(self, route: Route) -> Way:
        accounts = {str(leg.provider): self._account(leg.provider) for leg in route.legs}
        only = next(iter(accounts.values())) if len(accounts) == 1 else None
        return Way(route, accounts, only)

    def _account(self, name: str) -> Account:
        if name not in self._made:
            self._made[name] = Account(name, self._known[name])
        return self._made[name]

    def _choose(self, way: Way, tried: Collection[str]) -> Account | None:
        now = self._now()
        if way.only is not None:
            return way.only if way.only.is_open(now) else None
        unavailable = {
            name
            for name, account in way.accounts.items()
            if account.in_flight >= account.seats or not account.is_open(now)
        }
        chance = self._chance.draw()
        names = order(way.route, chance=chance, unavailable=unavailable | set(tried))
        if not names and all(each.wait(now) > SOON for each in _untried(way, tried)):
            # All that are left have refused it already: a new round begins.
            names = order(way.route, chance=chance, unavailable=unavailable)
        return way.accounts[names[0]] if names else None


def _untried(way: Way, tried: Collection[str]) -> Iterator[Account]:
    return (account for name, account in way.accounts.items() if name not in tried)


def _is_their_fault(outcome: Outcome) -> bool:
    return not isinstance(outcome, Accepted) and outcome.fault.blame is Blame.PROVIDER


def _is_our_fault(outcome: Outcome) -> bool:
    return not isinstance(outcome, Accepted) and outcome.fault.blame is Blame.US
