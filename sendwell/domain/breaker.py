"""A circuit breaker as a value: spares a provider that is down, and us the waiting for it.

    CLOSED ──failures in a row──> OPEN ──rest──> HALF_OPEN ──success──> CLOSED
                                   ^                 │
                                   └────failure──────┘

Times are int microseconds of a clock that never goes backwards (`Clock.elapsed`, not `now`).
Every operation gives the breaker as it is afterwards and leaves this one alone.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.instant import microseconds_in, span_of

_NOTHING = timedelta(0)


class Phase(StrEnum):
    """What a breaker does with an attempt: lets it through, keeps it, tries with a few."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """`failures` in a row within `window` open it for `rest`; then `probes` attempts may try.

    Raises Invalid for what makes no sense.
    """

    failures: int = 5
    window: timedelta = timedelta(seconds=60)
    rest: timedelta = timedelta(seconds=60)
    probes: int = 1

    def __post_init__(self) -> None:
        flaws = tuple(
            Flaw(f"/{name}", why)
            for name, is_right, why in (
                ("failures", self.failures >= 1, "It takes at least one failure."),
                ("window", self.window > _NOTHING, "The window must be longer than nothing."),
                ("rest", self.rest > _NOTHING, "The rest must be longer than nothing."),
                ("probes", self.probes >= 1, "It takes at least one probe to close again."),
            )
            if not is_right
        )
        if flaws:
            raise Invalid("A breaker can't work by this policy.", flaws=flaws)


DEFAULT_POLICY = BreakerPolicy()


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker of one provider account.

    An attempt goes like this: `allows`? then `after_start`, send, `after_success` or
    `after_failure`; or `after_leave` when nothing was sent after all. A success is any sign of
    life: a refused address is one, a time-out is none.
    """

    policy: BreakerPolicy = DEFAULT_POLICY
    failed_at: tuple[int, ...] = ()
    """The failures since the last success and within the window, the oldest first."""
    reopens_at: int | None = None
    """When it next lets an attempt through; None: at any time."""
    probes: int = 0
    """Attempts let through since it opened; nobody has heard of them yet."""

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has failed since the last success: then a success is no news."""
        return self.reopens_at is None and not self.failed_at

    def phase(self, now: int) -> Phase:
        """What it does at `now`."""
        if self.reopens_at is None:
            return Phase.CLOSED
        if self.probes or now >= self.reopens_at:
            return Phase.HALF_OPEN
        return Phase.OPEN

    def allows(self, now: int) -> bool:
        """Whether an attempt may begin at `now`."""
        return self.reopens_at is None or now >= self.reopens_at

    def wait(self, now: int) -> timedelta:
        """How long a delivery is held that may not begin at `now`; nothing when it may."""
        if self.reopens_at is None:
            return _NOTHING
        return span_of(max(0, self.reopens_at - now))

    def after_start(self, now: int) -> "Breaker":
        """After an attempt has begun that was allowed.

        When the last probe is out, the door shuts for another rest; so a probe that is never
        heard of again (its process died) costs that rest and no more.
        """
        if self.reopens_at is None:
            return self
        probes = self.probes + 1
        is_last = probes % self.policy.probes == 0
        reopens_at = self._rested(now) if is_last else self.reopens_at
        return replace(self, probes=probes, reopens_at=reopens_at)

    def after_leave(self, now: int) -> "Breaker":
        """After an attempt that had begun was given up before anything was sent.

        The next one may go in its place: nobody has learnt anything.
        """
        if not self.probes:
            return self
        return replace(self, probes=self.probes - 1, reopens_at=now)

    def after_success(self, now: int) -> "Breaker":
        """After the provider has shown that it is alive.

        While open that is no news: the attempt began before the failures that opened it.
        """
        if self.is_untouched or self.phase(now) is Phase.OPEN:
            return self
        return Breaker(self.policy)

    def after_failure(self, now: int) -> "Breaker":
        """After an attempt failed by the provider's fault. A failed probe opens it again.

        While open that is no news either, and must not make the rest longer.
        """
        phase = self.phase(now)
        if phase is Phase.OPEN:
            return self
        return self._opened(now) if phase is Phase.HALF_OPEN else self._counted(now)

    def after_wish(self, now: int, wait: timedelta) -> "Breaker":
        """After the provider has asked to be left alone for so long: it is at least that."""
        reopens_at = now + microseconds_in(wait)
        if self.reopens_at is not None and self.reopens_at >= reopens_at:
            return self
        return Breaker(self.policy, reopens_at=reopens_at)

    def _counted(self, now: int) -> "Breaker":
        oldest = now - microseconds_in(self.policy.window)
        failed_at = (*(at for at in self.failed_at if at > oldest), now)
        if len(failed_at) >= self.policy.failures:
            return self._opened(now)
        return replace(self, failed_at=failed_at)

    def _opened(self, now: int) -> "Breaker":
        return Breaker(self.policy, reopens_at=self._rested(now))

    def _rested(self, now: int) -> int:
        return now + microseconds_in(self.policy.rest)
