"""How long to wait before the next attempt."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.instant import microseconds_in, span_of

_NOTHING = timedelta(0)


class Jitter(StrEnum):
    """How much of a wait is left to chance."""

    FULL = "full"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a delivery is tried. Raises Invalid for what makes no sense.

    The wait after the first attempt is at most `base`, each later one at most `factor` times the
    one before, none more than `cap`. A provider that asks for time (`Retry-After`) gets it, up
    to `wait_cap`.
    """

    attempts: int = 5
    """All of them, the first one included."""
    base: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    cap: timedelta = timedelta(hours=1)
    wait_cap: timedelta = timedelta(hours=1)
    jitter: Jitter = Jitter.FULL

    def __post_init__(self) -> None:
        flaws = tuple(
            Flaw(f"/{name}", why)
            for name, is_right, why in (
                ("attempts", self.attempts >= 1, "There must be at least one attempt."),
                ("base", self.base > _NOTHING, "The first wait must be longer than nothing."),
                ("factor", self.factor >= 1, "Waits must not get shorter: 1 is the least."),
                ("cap", self.cap >= self.base, "The longest wait is shorter than the first."),
                ("wait_cap", self.wait_cap >= _NOTHING, "A wait can't be negative."),
            )
            if not is_right
        )
        if flaws:
            raise Invalid("This retry policy can't be followed.", flaws=flaws)


DIRECT = RetryPolicy(attempts=4, cap=timedelta(seconds=4), jitter=Jitter.NONE)
"""That of the preset `direct`: three more tries, after exactly 1, 2 and 4 seconds."""


def delay(
    policy: RetryPolicy, attempt: int, *, chance: float, at_least: timedelta | None = None
) -> timedelta:
    """The wait after attempt number `attempt` (from 1) has failed; never negative.

    `chance` in [0, 1) picks a point between nothing and the exponential ceiling ("full jitter",
    AWS Architecture Blog, Exponential Backoff And Jitter). `at_least` is what the provider asked
    for: the wait is not shorter, up to `policy.wait_cap`. Full jitter then comes on top, so that
    a crowd that was told the same second does not come back in it.
    """
    ceiling = _ceiling(policy, attempt)
    asked = max(_NOTHING, min(at_least or _NOTHING, policy.wait_cap))
    if policy.jitter is Jitter.NONE:
        return max(asked, ceiling)
    return asked + span_of(int(chance * microseconds_in(ceiling)))


def _ceiling(policy: RetryPolicy, attempt: int) -> timedelta:
    try:
        growth = float(policy.factor) ** max(0, attempt - 1)
    except OverflowError:
        return policy.cap
    # compared as numbers: a timedelta ends at 2.7 million years, which 47 doublings reach
    if growth >= policy.cap / policy.base:
        return policy.cap
    return policy.base * growth
