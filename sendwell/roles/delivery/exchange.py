"""Which provider account takes a delivery: routes, breakers and free seats of one channel."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sendwell.domain.breaker import Breaker
from sendwell.domain.outcome import Accepted, Blame, Outcome
from sendwell.domain.routing import Route, order
from sendwell.ports.clock import Chance, Clock
from sendwell.ports.provider import Provider

MAILBOX = "mailbox"


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
        pause = timedelta(microseconds=max(0, self.paused_until - now))
        return max(pause, self.breaker.wait(now))


class Exchange:
    """The accounts of one channel."""

    def __init__(
        self,
        in_house: Account,
        *,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._accounts: dict[str, Account] = {}
        self._route = Route(())
        self._only: Account | None = None
        self._in_house = in_house
        self._clock = clock
        self._chance = chance

    def use(self, route: Route, known: Mapping[str, Provider]) -> None:
        """Deliveries go by this route from now on; an account that stays keeps its breaker."""
        before = self._accounts
        names = [str(leg.provider) for leg in route.legs]
        self._accounts = {name: before.get(name) or Account(name, known[name]) for name in names}
        self._route = route
        self._only = self._accounts[names[0]] if len(self._accounts) == 1 else None
        for account in self._accounts.values():
            account.paused_until = 0

    @property
    def accounts(self) -> Sequence[Account]:
        """Every account a delivery of this channel may go to."""
        return (*self._accounts.values(), self._in_house)

    def pick(self, tried: Collection[str], *, stays_in_house: bool) -> Account | None:
        """Take a seat at the account that should get the next delivery; None when none can now."""
        account = self._in_house if stays_in_house else self._choose(tried)
        if account is None or account.in_flight >= account.seats:
            return None
        account.in_flight += 1
        if account.breaker.reopens_at is not None:
            account.breaker = account.breaker.after_start(self._now())
        return account

    def seats(self) -> int:
        """How many sends may be in flight at once."""
        return sum(account.seats for account in self._accounts.values())

    def free_seats(self) -> int:
        """How many deliveries could find a seat now."""
        now = self._now()
        return sum(
            account.seats - account.in_flight
            for account in self._accounts.values()
            if account.is_open(now)
        )

    def others(self, asked: str, tried: Collection[str]) -> tuple[str, ...]:
        """The accounts that a delivery could go to at once, besides those it was at."""
        if self._only is not None and self._only.name == asked:
            return ()
        now = self._now()
        return tuple(
            name
            for name, account in self._accounts.items()
            if name != asked and name not in tried and account.is_open(now)
        )

    def pause(self, account: Account, microseconds: int) -> None:
        """Ask it nothing for so long: it is over its rate limit."""
        account.paused_until = self._now() + microseconds

    def leave(self, account: Account) -> None:
        """Give the seat back unused."""
        account.in_flight -= 1
        account.breaker = account.breaker.after_leave(self._now())

    def learn(self, account: Account, outcome: Outcome) -> None:
        """Give the seat back and let the breaker know how it went."""
        account.in_flight -= 1
        if _is_their_fault(outcome):
            account.breaker = account.breaker.after_failure(self._now())
        elif not account.breaker.is_untouched:
            account.breaker = account.breaker.after_success(self._now())

    def closed_for(self) -> timedelta:
        """How long no account may be asked; nothing when one may be asked now."""
        now = self._now()
        return min(account.wait(now) for account in self._accounts.values())

    def _now(self) -> int:
        return int(self._clock.elapsed() * 1e6)

    def _choose(self, tried: Collection[str]) -> Account | None:
        now = self._now()
        if self._only is not None:
            return self._only if self._only.is_open(now) else None
        unavailable = {
            name
            for name, account in self._accounts.items()
            if account.in_flight >= account.seats or not account.is_open(now)
        }
        chance = self._chance.draw()
        names = order(self._route, chance=chance, unavailable=unavailable | set(tried))
        # When all that are left have refused it already, a new round begins.
        names = names or order(self._route, chance=chance, unavailable=unavailable)
        return self._accounts[names[0]] if names else None


def _is_their_fault(outcome: Outcome) -> bool:
    return not isinstance(outcome, Accepted) and outcome.fault.blame is Blame.PROVIDER
