"""What is said about a run: a line for each cycle, and the figures at the end."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from tests.chaos.checker.case import Case, Rule, Violation, cases
from tests.chaos.evidence import Call, Evidence
from tests.chaos.experiment import Progress, Result, Settings
from tests.chaos.nemesis import Life

_MOST_SHOWN = 10
_LOST = frozenset({Rule.LOST, Rule.LIMBO})
_DOUBLED = frozenset({Rule.DOUBLED, Rule.RENAMED, Rule.UNASKED})


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds, of several measurements."""

    median: float
    p95: float
    most: float

    def __str__(self) -> str:
        return f"median {self.median:.2f} s, p95 {self.p95:.2f} s, max {self.most:.2f} s"


def line(progress: Progress, settings: Settings) -> str:
    """One cycle."""
    seconds = (progress.life.ready - progress.life.began) / 1e6
    return (
        f"cycle {progress.cycle:>3}/{settings.cycles}  accepted {progress.accepted:>6}"
        f"  in flight at kills {progress.in_flight:>5}  ready again in {seconds:.2f} s"
    )


def summary(settings: Settings, result: Result, violations: Sequence[Violation]) -> str:
    """The figures of the whole run."""
    lives = result.lives[1:]
    return rows(
        {
            "seed": settings.seed,
            "cycles": f"{settings.cycles} ({result.kills} kills)",
            **figures(result.evidence, violations),
            "ready again": _spread([(life.ready - life.began) / 1e6 for life in lives]),
            "first send again": _spread(list(_first_sends(lives, result.evidence.calls))),
        }
    )


def figures(evidence: Evidence, violations: Sequence[Violation]) -> Mapping[str, object]:
    """What any run comes to."""
    counts = Counter(violation.rule for violation in violations)
    lost = sum(counts[rule] for rule in _LOST)
    doubled = sum(counts[rule] for rule in _DOUBLED)
    after_kills, after_losses = _taken_again(evidence)
    return {
        "accepted": f"{len({accepted.serial for accepted in evidence.accepted})} notifications",
        "deliveries": _ended(evidence),
        "taken by the sinks": sum(call.is_taken for call in evidence.calls),
        "in flight at kills": len(evidence.in_flight),
        "taken again after a kill": after_kills,
        "taken again after a lost answer": after_losses,
        "lost": lost,
        "doubled": doubled,
        "other violations": len(violations) - lost - doubled,
    }


def rows(named: Mapping[str, object]) -> str:
    """Names and values, one a line."""
    return "\n".join(f"{name + ' ':.<32} {value}" for name, value in named.items())


def details(evidence: Evidence, violations: Sequence[Violation]) -> Iterator[str]:
    """The violations, those of a request together with all that is known about it."""
    known = {case.serial: case for case in cases(evidence)}
    serials = list(dict.fromkeys(violation.serial for violation in violations))
    for serial in serials[:_MOST_SHOWN]:
        for violation in violations:
            if violation.serial == serial:
                yield f"VIOLATION {violation.rule}: {violation.text}"
        if serial is not None:
            yield from _traces(known[serial])
    if len(serials) > _MOST_SHOWN:
        yield f"… and of {len(serials) - _MOST_SHOWN} requests more"


def _traces(case: Case) -> Iterator[str]:
    for trace in (*case.accepted, *case.cancelled, *case.calls, *case.in_flight, *case.exposed):
        yield f"    {trace}"
    for known in case.known:
        yield f"    on record as {known.id}: {dict(known.deliveries)}"
        for event in known.events:
            attempt = f" attempt {event.attempt}" if event.attempt else ""
            yield f"        {event.at} {event.part or ''} {event.event}{attempt} {event.code or ''}"


def _ended(evidence: Evidence) -> str:
    counts: Mapping[str, int] = Counter(
        delivery.status for known in evidence.known for delivery in known.deliveries.values()
    )
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


def _taken_again(evidence: Evidence) -> tuple[int, int]:
    """How many deliveries a sink took once more: after a kill, and after it lost an answer."""
    after_kills = extras = 0
    for case in cases(evidence):
        for part in {call.part for call in case.calls}:
            more = max(0, len(case.taken(part)) - 1)
            extras += more
            after_kills += min(more, case.broken_off(part))
    return after_kills, extras - after_kills


def _first_sends(lives: Sequence[Life], calls: Sequence[Call]) -> Iterator[float]:
    """For each life the time to its first send, unless it was too short for one."""
    starts = [life.began for life in lives]
    for began, end in zip(starts, [*starts[1:], None], strict=True):
        ats = [c.at for c in calls if c.connected_at >= began and (end is None or c.at < end)]
        if ats:
            yield (min(ats) - began) / 1e6


def _spread(seconds: Sequence[float]) -> Spread | str:
    if len(seconds) < 2:
        return "too few to say"
    return Spread(median(seconds), quantiles(seconds, n=20, method="inclusive")[-1], max(seconds))
