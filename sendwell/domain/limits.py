"""Rate limits: how much may go out by each of several keys at once (GCRA).

The generic cell rate algorithm (ITU-T I.371) keeps one number a key, its theoretical arrival time
(TAT): the instant at which everything let through so far would have been let through at an even
pace. It behaves as a bucket of `burst` tokens that is refilled evenly, and needs no refilling.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from sendwell.domain.errors import Flaw, Invalid

_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
_RATE = re.compile(
    r"(?P<count>[1-9][0-9]{0,8})/(?P<times>[1-9][0-9]{0,3})?(?P<unit>[smhd])"
    r"(?: burst (?P<burst>[1-9][0-9]{0,8}))?"
)
_HOW = "Write a rate as 100/s, 3/10s, 10/m, 1000/h, 5/d or 100/s burst 20."
_LONGEST_REFILL_US = 3650 * _UNITS["d"]
"""Ten years: a TAT stays exact in a double until 2245, and Redis counts in doubles."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once (as a rule `count`), and from then on one more every `period_us / count`.

    A pace, and no quota of a period: in any stretch of t microseconds no more than
    `burst + t / interval_us` are let through, in one as long as the period all but twice `count`.
    Raises Invalid for less than one in its period, more than a million a second, or a burst that
    takes more than ten years to refill.
    """

    count: int
    period_us: int
    burst: int = 0
    """0 stands for `count`."""
    interval_us: int = field(init=False, repr=False, compare=False)
    """The even pace, rounded up to whole microseconds: never too many, at 10,000/s 1 % fewer."""
    tolerance_us: int = field(init=False, repr=False, compare=False)
    """How far a TAT may be ahead of now."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= self.period_us or self.burst < 0:
            raise _not_a_rate(f"{self.count} in {self.period_us} microseconds can't be kept.")
        burst = self.burst or self.count
        interval = -(-self.period_us // self.count)
        if burst * interval > _LONGEST_REFILL_US:
            raise _not_a_rate(f"A burst of {burst} would take more than ten years to refill.")
        object.__setattr__(self, "burst", burst)
        object.__setattr__(self, "interval_us", interval)
        object.__setattr__(self, "tolerance_us", (burst - 1) * interval)

    @property
    def lasts(self) -> bool:
        """Whether it is counted for a day or longer."""
        return self.period_us >= _UNITS["d"]

    @property
    def most(self) -> int:
        """How many pass within one period, if nothing passed before and many want to."""
        return self.burst + -(-self.period_us // self.interval_us) - 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """The rate that a person wrote. Raises Invalid, saying how to write it."""
        found = _RATE.fullmatch(text.strip())
        if found is None:
            raise _not_a_rate(f"{text!r} is not a rate.")
        period = int(found["times"] or 1) * _UNITS[found["unit"]]
        return cls(int(found["count"]), period, int(found["burst"] or 0))

    def __str__(self) -> str:
        """The text that `parse` reads, with the largest unit that fits."""
        unit = next(letter for letter in _UNITS if self.period_us % _UNITS[letter] == 0)
        times = self.period_us // _UNITS[unit]
        burst = "" if self.burst == self.count else f" burst {self.burst}"
        return f"{self.count}/{'' if times == 1 else times}{unit}{burst}"


def _not_a_rate(why: str) -> Invalid:
    return Invalid(f"{why} {_HOW}", flaws=(Flaw("", f"{why} {_HOW}"),))


class OverLimit(StrEnum):
    """What becomes of a delivery that is over the limit."""

    HOLD = "hold"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate and what happens beyond it."""

    rate: Rate
    over: OverLimit = OverLimit.HOLD

    @classmethod
    def parse(cls, text: str) -> Self:
        """A rate, then perhaps `hold` (the default) or `drop`: `5/d drop`. Raises Invalid."""
        words = text.strip()
        rate, _, last = words.rpartition(" ")
        if last in OverLimit.__members__.values():
            return cls(Rate.parse(rate), OverLimit(last))
        return cls(Rate.parse(words))

    def __str__(self) -> str:
        """The text that `parse` reads."""
        return str(self.rate) if self.over is OverLimit.HOLD else f"{self.rate} {self.over}"


Demand = Sequence[tuple[str, Rate]]
"""One thing that wants to go out, and every key that it counts for, each with its rate.

A key stands for one rate: a second limit on the same thing needs a key of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one demand came to."""

    key: str | None = None
    """The key that refuses it the longest; None when it is let through."""
    until: int = 0
    """The microsecond at which that key has room again, if nobody else takes it."""


ALLOWED = Answer()
CLOCKS_DIFFER_US = 1_000_000
"""By how much the clocks of two processes may differ."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a batch of demands came to."""

    answers: list[Answer]
    """One for each demand, in order."""
    tats: dict[str, int]
    """The TATs that have moved; all others stay as they were."""


def decide(tats: Mapping[str, int], demands: Sequence[Demand], *, now: int) -> Decision:
    """Let through what fits, in order: each demand by all of its keys or by none.

    `tats` maps keys to microseconds; a key that is missing has its whole burst. A demand that is
    refused takes nothing from any key.
    """
    answers: list[Answer] = []
    moved: dict[str, int] = {}
    for demand in demands:
        narrowest, until = None, now
        taken: dict[str, int] = {}
        for key, rate in demand:
            tat = moved.get(key) or as_of(tats.get(key, now), rate, now)
            if tat - rate.tolerance_us > until:
                narrowest, until = key, tat - rate.tolerance_us
            taken[key] = tat + rate.interval_us
        if narrowest is None:
            moved |= taken
            answers.append(ALLOWED)
        else:
            answers.append(Answer(narrowest, until))
    return Decision(answers, moved)


def as_of(tat: int, rate: Rate, now: int) -> int:
    """A TAT as it counts now: never behind, and not much further ahead than a whole burst puts it.

    Much further ahead it is only after the clock was set back or the rate was changed. To obey it
    then would shut the key for as long as that was; instead the burst counts as used up but for
    one. A little further ahead another process puts it, whose clock is ahead of ours.
    """
    if tat > now + rate.tolerance_us + rate.interval_us + CLOCKS_DIFFER_US:
        return now + rate.tolerance_us
    return max(now, tat)
