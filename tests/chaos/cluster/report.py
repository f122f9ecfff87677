"""What is said about a run against real servers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from tests.chaos.checker.case import Violation
from tests.chaos.cluster.experiment import Outcome, Trouble
from tests.chaos.cluster.servers import Mode
from tests.chaos.evidence import Evidence
from tests.chaos.experiment import Settings
from tests.chaos.report import figures, rows


def line(cycle: int, trouble: Trouble, accepted: int, settings: Settings) -> str:
    """One cycle."""
    return (
        f"cycle {cycle:>3}/{settings.cycles}  {trouble.kind:<26}"
        f" lasted {_seconds(trouble.struck, trouble.healed):5.2f} s,"
        f" all itself again {_seconds(trouble.healed, trouble.whole):5.2f} s later"
        f"  accepted {accepted:>6}"
    )


def summary(
    settings: Settings, mode: Mode, outcome: Outcome, violations: Sequence[Violation]
) -> str:
    """The figures of the whole run, and the recovery of each kind of fault."""
    kinds = Counter(trouble.kind for trouble in outcome.troubles)
    head = {
        "mode": mode.value,
        "seed": settings.seed,
        "cycles": settings.cycles,
        **figures(outcome.evidence, violations),
        "in flight at pauses": len(outcome.evidence.exposed),
        "ended by signal 11": outcome.evidence.crashes,
    }
    return "\n".join([rows(head), "", *_recoveries(outcome, sorted(kinds))])


def _recoveries(outcome: Outcome, kinds: Sequence[str]) -> Iterator[str]:
    columns = ("times", "lasted", "first send", "itself again", "caught up")
    yield f"{'seconds: median / most':<28}" + "".join(f"{name:>16}" for name in columns)
    for kind in kinds:
        troubles = [trouble for trouble in outcome.troubles if trouble.kind == kind]
        figures_ = (
            [_seconds(trouble.struck, trouble.healed) for trouble in troubles],
            [_first_send(trouble, outcome.evidence) for trouble in troubles],
            [_seconds(trouble.healed, trouble.whole) for trouble in troubles],
            [_caught_up(trouble, outcome.evidence) for trouble in troubles],
        )
        spreads = (f"{median(each):.2f} / {max(each):.2f}" for each in figures_)
        yield f"{kind:<28}{len(troubles):>16}" + "".join(f"{spread:>16}" for spread in spreads)


def _first_send(trouble: Trouble, evidence: Evidence) -> float:
    """How long after the fault anything went out again."""
    ats = [call.at for call in evidence.calls if call.at >= trouble.healed]
    return _seconds(trouble.healed, min(ats, default=trouble.healed))


def _caught_up(trouble: Trouble, evidence: Evidence) -> float:
    """How long after the fault the last one of those was first tried that were accepted during it
    and were due at once.
    """
    during = {
        accepted.serial
        for accepted in evidence.accepted
        if trouble.struck <= accepted.at <= trouble.healed and accepted.due is None
    }
    tried: dict[int, int] = {}
    for call in evidence.calls:
        if call.serial in during:
            tried[call.serial] = min(call.at, tried.get(call.serial, call.at))
    return max(0.0, _seconds(trouble.healed, max(tried.values(), default=trouble.healed)))


def _seconds(begin: int, end: int) -> float:
    return (end - begin) / 1e6
