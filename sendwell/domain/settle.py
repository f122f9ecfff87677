"""What becomes of a delivery once the outcome of an attempt is known."""

from datetime import timedelta
from typing import NamedTuple

from sendwell.domain.backoff import RetryPolicy, delay
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused, Unknown

SOON = timedelta(seconds=1)
"""A wait that is shorter than any other way around it."""


class Tried(NamedTuple):
    """Where a delivery stands when an attempt has come back."""

    attempt: int
    """Attempts begun, this one included."""
    provider: str
    refused_by: tuple[str, ...] = ()
    """Providers that refused it before, in this round."""
    next_in: timedelta | None = None
    """After how long a provider may be asked that has not refused it; None: there is none."""


class Settled(NamedTuple):
    """The moves out of PROCESSING, in order; the last one is where it stays.

    `wait` is the time until the next attempt when that is RETRYING. `refused_by` grows when the
    delivery goes to the next provider. `exhausted` tells giving up from being refused.
    """

    states: tuple[State, ...]
    fault: Fault | None = None
    reference: str | None = None
    wait: timedelta = timedelta(0)
    refused_by: tuple[str, ...] = ()
    exhausted: bool = False
    is_unknown: bool = False
    """Nobody knows whether it was taken, and it is not sent again."""

    @property
    def state(self) -> State:
        """Where it stays."""
        return self.states[-1]


_ANOTHER_MAY = frozenset({Blame.ACCOUNT, Blame.PROVIDER})
_TAKEN = (State.SENT,)
_ARRIVED = (State.SENT, State.DELIVERED)


def settle(
    tried: Tried,
    outcome: Outcome,
    policy: RetryPolicy,
    *,
    resends_unknown: bool,
    chance: float,
) -> Settled:
    """Decide by the outcome.

    Deferred: the next provider if one may be asked sooner, else later, until the attempts are used
    up. Refused for the account's or provider's fault: the next provider as soon as one may be
    asked. Unknown: again with the same key where the channel allows it, else dead, for a person to
    look at.
    """
    match outcome:
        case Accepted() as accepted:
            return Settled(states_of(accepted), reference=accepted.reference)
        case Unknown(fault) if not resends_unknown:
            return _dead(fault)._replace(is_unknown=True)
        case Refused(fault) if fault.blame not in _ANOTHER_MAY:
            return _dead(fault)
        case Refused(fault):
            return _next_provider(tried, fault, policy) or _dead(fault)
        case Unknown(fault, wait):
            again = _again(tried, fault, policy, wait=wait, chance=chance)
            return again._replace(is_unknown=again.state is State.DEAD)
        case Deferred(fault, wait):  # pragma: no branch - there is no other outcome
            then = _next_provider(tried, fault, policy)
            again = _again(tried, fault, policy, wait=wait, chance=chance)
            is_sooner = then and (again.state is State.DEAD or then.wait <= again.wait)
            return then if then and is_sooner else again


def states_of(accepted: Accepted) -> tuple[State, ...]:
    """The moves when the provider has taken it: nothing else has to be asked."""
    return _ARRIVED if accepted.is_delivered else _TAKEN


def _next_provider(tried: Tried, fault: Fault, policy: RetryPolicy) -> Settled | None:
    """The next provider: a round over all of them counts as one wait, not as many. One that was
    asked a second time, for the others stayed away, has begun another round.
    """
    if tried.next_in is None or fault.blame not in _ANOTHER_MAY:
        return None
    if tried.provider not in tried.refused_by:
        refused_by = (*tried.refused_by, tried.provider)
    elif tried.attempt < policy.attempts:
        refused_by = tried.refused_by
    else:
        return None
    return Settled((State.FAILED, State.RETRYING), fault, wait=tried.next_in, refused_by=refused_by)


def _again(
    tried: Tried, fault: Fault, policy: RetryPolicy, *, wait: timedelta | None, chance: float
) -> Settled:
    if tried.attempt >= policy.attempts:
        return _dead(fault, exhausted=True)
    after = delay(policy, tried.attempt, chance=chance, at_least=wait)
    return Settled((State.FAILED, State.RETRYING), fault, wait=after)


def _dead(fault: Fault, *, exhausted: bool = False) -> Settled:
    return Settled((State.FAILED, State.DEAD), fault, exhausted=exhausted)
