"""The judge: given all the evidence, every rule that does not hold."""

from collections import defaultdict
from collections.abc import Iterator
from math import ceil

from tests.chaos.checker.case import Case, Rule, Violation, cases
from tests.chaos.checker.ledger import wrong_columns
from tests.chaos.checker.promises import broken_promises
from tests.chaos.checker.sends import wrong_sends
from tests.chaos.checker.timelines import gaps
from tests.chaos.evidence import Evidence

_CYCLES_A_CRASH = 50
"""A crash is one more kill, which the product has to survive; more often than that it is a bug."""


def check(evidence: Evidence) -> list[Violation]:
    """All violations; none: what was promised was kept. Reads nothing, waits for nothing."""
    found = list(_whole(evidence))
    for case in cases(evidence):
        found += _one(case)
    return found


def _one(case: Case) -> Iterator[Violation]:
    yield from broken_promises(case)
    yield from wrong_sends(case)
    yield from gaps(case)


def _whole(evidence: Evidence) -> Iterator[Violation]:
    for refusal in evidence.refusals:
        yield Violation(Rule.REFUSED, refusal)
    for complaint in evidence.complaints:
        yield Violation(Rule.COMPLAINT, complaint)
    if evidence.integrity != "ok":
        yield Violation(Rule.DATABASE, f"PRAGMA integrity_check says: {evidence.integrity}")
    if evidence.exit_code != 0:
        yield Violation(Rule.EXIT, f"After SIGTERM it ended with {evidence.exit_code}.")
    if evidence.crashes > (most := ceil(evidence.cycles / _CYCLES_A_CRASH)):
        yield Violation(Rule.CRASHED, f"{evidence.crashes} times; {most} may be a library's fault.")
    yield from wrong_columns(evidence)
    yield from _shared_keys(evidence)


def _shared_keys(evidence: Evidence) -> Iterator[Violation]:
    """A key names one delivery: a sink that knows keys would drop the second one."""
    owners: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)
    for call in evidence.calls:
        owners[call.key].add((call.serial, call.part))
    for key, named in owners.items():
        if len(named) > 1:
            yield Violation(Rule.LOST, f"The key {key} names {len(named)} deliveries.")
