"""How fast passwords may be tried: slowed by account and by address, and nobody is locked out.

Whoever guesses at an account makes its owner wait, but never on a machine from which the owner has
signed in before; and those who share an address with a guesser only wait where they are strangers.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

_SECOND = 1_000_000
_FORGOTTEN_AFTER = 3600 * _SECOND
FAMILIAR_FOR = timedelta(days=30)
_FAMILIAR_FOR = int(FAMILIAR_FOR.total_seconds()) * _SECOND
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Tries:
    """What is known of the tries at one thing. Times are microseconds since 1970."""

    failures: int = 0
    last_at: int = 0
    succeeded_at: int = 0

    def failures_at(self, now: int) -> int:
        """Those that still count."""
        return 0 if now - self.last_at > _FORGOTTEN_AFTER else self.failures

    def is_familiar(self, now: int) -> bool:
        """Whether it has gone well not long ago."""
        return bool(self.succeeded_at) and now - self.succeeded_at <= _FAMILIAR_FOR


class Standing(NamedTuple):
    """What one try is about."""

    pair: Tries
    """This account from this address."""
    account: Tries
    """This account from anywhere."""
    address: Tries
    """Any account from this address."""


@dataclass(frozen=True, slots=True)
class _Rule:
    free: int
    longest_seconds: int

    def ends_at(self, tries: Tries, now: int) -> int:
        """Until when one has to wait: a second after the free ones, then twice as long each."""
        over = tries.failures_at(now) - self.free
        if over < 0:
            return 0
        seconds = min(1 << min(over, _MOST_DOUBLINGS), self.longest_seconds)
        return tries.last_at + seconds * _SECOND


_PAIR = _Rule(free=5, longest_seconds=900)
_ACCOUNT = _Rule(free=20, longest_seconds=60)
_ADDRESS = _Rule(free=50, longest_seconds=900)


def wait(standing: Standing, now: int) -> timedelta:
    """How long to wait before the password may be looked at; nothing when it may be at once."""
    ends_at = _PAIR.ends_at(standing.pair, now)
    if not standing.pair.is_familiar(now):
        others = (
            _ACCOUNT.ends_at(standing.account, now),
            _ADDRESS.ends_at(standing.address, now),
        )
        ends_at = max(ends_at, *others)
    return timedelta(microseconds=max(0, ends_at - now))


def after_try(standing: Standing, now: int) -> Standing:
    """As it stands while the password is being looked at: as if it were wrong.

    So a thousand tries at once are counted one by one.
    """
    return Standing(*(_failed(tries, now) for tries in standing))


def after_success(standing: Standing, now: int) -> Standing:
    """As it stands when the password was right. Others' failures at the account still count."""
    _, account, address = standing
    return Standing(Tries(0, now, now), _taken_back(account), _taken_back(address))


def _failed(tries: Tries, now: int) -> Tries:
    return replace(tries, failures=tries.failures_at(now) + 1, last_at=now)


def _taken_back(tries: Tries) -> Tries:
    return replace(tries, failures=max(0, tries.failures - 1))
