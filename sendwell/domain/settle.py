"""What becomes of a delivery when an attempt has failed: it is tried again, or given up."""

from datetime import timedelta
from typing import NamedTuple

from sendwell.domain.backoff import RetryPolicy, delay
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused, Unknown
from sendwell.domain.triage import Cause, triage

SOON = timedelta(seconds=1)
"""A wait of up to this long is taken, rather than another channel or another round of accounts."""


class Standing(NamedTuple):
    """Where a delivery stands when an attempt has come back."""

    attempt: int
    """Attempts begun, this one included."""
    provider: str
    refused_by: tuple[str, ...] = ()
    """Providers that refused it before, in this round."""
    next_in: timedelta | None = None
    """After how long a provider may be asked that has not refused it; None: there is none."""


class Retry(NamedTuple):
    """It is tried again after `wait`; `refused_by` names who has refused it in this round."""

    fault: Fault
    wait: timedelta
    refused_by: tuple[str, ...] = ()


class GivenUp(NamedTuple):
    """It ends as a dead letter."""

    fault: Fault
    cause: Cause


_ANOTHER_MAY = frozenset({Blame.ACCOUNT, Blame.PROVIDER})


def settle(
    standing: Standing,
    failure: Deferred | Refused | Unknown,
    policy: RetryPolicy,
    *,
    resends_unknown: bool,
    chance: float,
) -> Retry | GivenUp:
    """Decide by the failure. `chance` is drawn from 0 to 1, for the jitter of a wait.

    Deferred: the next provider if one may be asked sooner, else later, until the attempts are used
    up. Refused for the account's or provider's fault: the next provider as soon as one may be
    asked. Unknown: again with the same key where the channel allows it, else dead, for a person to
    look at.
    """
    match failure:
        case Unknown(fault) if not resends_unknown:
            return GivenUp(fault, Cause.UNKNOWN_OUTCOME)
        case Unknown(fault, wait):
            again = _again(standing, fault, policy, wait=wait, chance=chance)
            return again or GivenUp(fault, Cause.UNKNOWN_OUTCOME)
        case Refused(fault):
            then = _next_provider(standing, fault, policy)
            return then or GivenUp(fault, triage(fault, exhausted=False))
        case Deferred(fault, wait):  # pragma: no branch - there is no other failure
            then = _next_provider(standing, fault, policy)
            again = _again(standing, fault, policy, wait=wait, chance=chance)
            soonest = min(filter(None, (then, again)), key=lambda retry: retry.wait, default=None)
            return soonest or GivenUp(fault, triage(fault, exhausted=True))


def next_account_in(
    next_in: timedelta | None, *, is_urgent: bool, falls_back: bool
) -> timedelta | None:
    """After how long another account is to be asked, where one may be asked `next_in`; None: none.

    What is urgent and may have another channel does not wait long for an account of this one.
    """
    if next_in is not None and next_in > SOON and is_urgent and falls_back:
        return None
    return next_in


def _next_provider(standing: Standing, fault: Fault, policy: RetryPolicy) -> Retry | None:
    """The next provider: a round over all of them counts as one wait, not as many. One that was
    asked a second time, for the others stayed away, has begun another round.
    """
    if standing.next_in is None or fault.blame not in _ANOTHER_MAY:
        return None
    if standing.provider not in standing.refused_by:
        refused_by = (*standing.refused_by, standing.provider)
    elif standing.attempt < policy.attempts:
        refused_by = standing.refused_by
    else:
        return None
    return Retry(fault, standing.next_in, refused_by)


def _again(
    standing: Standing, fault: Fault, policy: RetryPolicy, *, wait: timedelta | None, chance: float
) -> Retry | None:
    """The same provider, in a new round; None where the attempts are used up."""
    if standing.attempt >= policy.attempts:
        return None
    return Retry(fault, delay(policy, standing.attempt, chance=chance, at_least=wait))
