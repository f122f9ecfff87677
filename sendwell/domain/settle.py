"""What becomes of a delivery once the outcome of an attempt is known."""

from datetime import timedelta
from typing import NamedTuple

from sendwell.domain.backoff import RetryPolicy, delay
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Accepted, Blame, Deferred, Fault, Outcome, Refused, Unknown


class Tried(NamedTuple):
    """Where a delivery stands when an attempt has come back."""

    attempt: int
    """Attempts begun, this one included."""
    provider: str
    refused_by: tuple[str, ...] = ()
    """Providers that refused it before, in this round."""
    others: tuple[str, ...] = ()
    """Providers of the channel that have not refused it."""


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

    Deferred: the next provider at once if there is one, else later, until the attempts are used
    up. Refused for the account's or provider's fault: the next provider at once. Unknown: again
    with the same key where the channel allows it, else dead, for a person to look at.
    """
    match outcome:
        case Accepted() as accepted:
            return Settled(states_of(accepted), reference=accepted.reference)
        case Unknown(fault) if not resends_unknown:
            return _dead(fault)._replace(is_unknown=True)
        case Refused(fault) if fault.blame not in _ANOTHER_MAY:
            return _dead(fault)
        case Refused(fault):
            return _next_provider(tried, fault) or _dead(fault)
        case Unknown(fault):
            return _again(tried, fault, policy, wait=None, chance=chance)
        case Deferred(fault, wait):  # pragma: no branch - there is no other outcome
            return _next_provider(tried, fault) or _again(
                tried, fault, policy, wait=wait, chance=chance
            )


def states_of(accepted: Accepted) -> tuple[State, ...]:
    """The moves when the provider has taken it: nothing else has to be asked."""
    return _ARRIVED if accepted.is_delivered else _TAKEN


def _next_provider(tried: Tried, fault: Fault) -> Settled | None:
    """The next provider at once: a round over all of them counts as one wait, not as many."""
    if not tried.others or fault.blame not in _ANOTHER_MAY:
        return None
    return Settled(
        (State.FAILED, State.RETRYING), fault, refused_by=(*tried.refused_by, tried.provider)
    )


def _again(
    tried: Tried, fault: Fault, policy: RetryPolicy, *, wait: timedelta | None, chance: float
) -> Settled:
    if tried.attempt >= policy.attempts:
        return _dead(fault, exhausted=True)
    after = delay(policy, tried.attempt, chance=chance, at_least=wait)
    return Settled((State.FAILED, State.RETRYING), fault, wait=after)


def _dead(fault: Fault, *, exhausted: bool = False) -> Settled:
    return Settled((State.FAILED, State.DEAD), fault, exhausted=exhausted)
