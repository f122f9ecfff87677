"""Demands as plain numbers: what a script inside a server is asked, and what it says to that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sendwell.domain.lease import Lease, Wish
from sendwell.domain.limits import ALLOWED, Answer, Demand

MOST_WANTED = 1_000
"""Keys of one question, all demands together: it keeps a server busy for a few milliseconds."""

OUTLASTS_US = 60_000_000
"""How much longer than it counts a key is kept: the clocks of two processes may differ by this."""


@dataclass(frozen=True, slots=True)
class Question:
    """Some demands. Keys are told once; demands name them by their numbers, which begin at 1.

    A script answers with three numbers for each demand that it refuses, in order: the demand's, the
    narrowest key's, and the microsecond at which that has room again.
    """

    keys: list[str] = field(default_factory=list)
    intervals: list[int] = field(default_factory=list)
    """By key, as those of its rate."""
    tolerances: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """By demand: how many keys it has."""
    wanted: list[int] = field(default_factory=list)
    """The keys' numbers, of one demand after the other."""

    @property
    def numbers(self) -> Sequence[Sequence[int]]:
        """All but the keys."""
        return self.intervals, self.tolerances, self.sizes, self.wanted

    def answers(self, refused: Sequence[int]) -> list[Answer]:
        """What the script's numbers mean, for each demand."""
        answers = [ALLOWED] * len(self.sizes)
        for demand, key, until in zip(refused[::3], refused[1::3], refused[2::3], strict=True):
            answers[demand - 1] = Answer(self.keys[key - 1], until)
        return answers


@dataclass(frozen=True, slots=True)
class LeaseQuestion:
    """Some wishes, each with a key of its own. A script answers with two numbers for each."""

    keys: list[str]
    intervals: list[int]
    tolerances: list[int]
    counts: list[int]
    spares: list[int]
    returned: list[int]

    @property
    def numbers(self) -> Sequence[Sequence[int]]:
        """All but the keys."""
        return self.intervals, self.tolerances, self.counts, self.spares, self.returned

    @staticmethod
    def answers(numbers: Sequence[int]) -> list[Lease]:
        """What the script's numbers mean, for each wish."""
        return [Lease(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]


def lease_questions(wishes: Sequence[Wish]) -> Iterator[LeaseQuestion]:
    """The wishes, in order, as questions of at most `MOST_WANTED` keys."""
    for start in range(0, len(wishes), MOST_WANTED):
        part = wishes[start : start + MOST_WANTED]
        yield LeaseQuestion(
            keys=[wish.key for wish in part],
            intervals=[wish.rate.interval_us for wish in part],
            tolerances=[wish.rate.tolerance_us for wish in part],
            counts=[wish.count for wish in part],
            spares=[wish.spare for wish in part],
            returned=[wish.returned for wish in part],
        )


def questions(demands: Sequence[Demand]) -> Iterator[Question]:
    """The demands, in order, as questions of at most `MOST_WANTED` keys, or of one demand."""
    begun: list[Demand] = []
    wanted = 0
    for demand in demands:
        if begun and wanted + len(demand) > MOST_WANTED:
            yield _question(begun)
            begun, wanted = [], 0
        begun.append(demand)
        wanted += len(demand)
    if begun:
        yield _question(begun)


def _question(demands: Sequence[Demand]) -> Question:
    made = Question()
    numbers: dict[str, int] = {}
    for demand in demands:
        rates = dict(demand)  # a key that is named twice counts once
        made.sizes.append(len(rates))
        for key, rate in rates.items():
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(numbers) + 1
                made.keys.append(key)
                made.intervals.append(rate.interval_us)
                made.tolerances.append(rate.tolerance_us)
            made.wanted.append(number)
    return made
