"""All that is known about one request, from every side."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.chaos.evidence import Accepted, Call, Cancelled, Event, Evidence, InFlight, Known


class Rule(StrEnum):
    """What can be broken."""

    LOST = "lost"
    DOUBLED = "doubled"
    LIMBO = "in limbo"
    GAP = "gap in the timeline"
    UNLABELLED = "labelled wrongly"
    RENAMED = "renamed"
    UNASKED = "never asked for"
    EARLY = "sent too early"
    CANCELLED = "sent after its cancel"
    REFUSED = "refused"
    COMPLAINT = "logged as an error"
    LEDGER = "ledger"
    DATABASE = "database"
    EXIT = "exit"
    CRASHED = "ended by signal 11"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold; `serial` is None where it is about no single request."""

    rule: Rule
    text: str
    serial: int | None = None


@dataclass(slots=True)
class Case:
    """One request: what was promised, what is on record, what came to the sinks."""

    serial: int
    accepted: list[Accepted] = field(default_factory=list)
    cancelled: list[Cancelled] = field(default_factory=list)
    is_cancel_asked: bool = False
    known: list[Known] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    in_flight: list[InFlight] = field(default_factory=list)
    exposed: list[InFlight] = field(default_factory=list)

    def events(self, part: str) -> list[Event]:
        """The timeline of one delivery."""
        return [event for known in self.known for event in known.timeline(part)]

    def taken(self, part: str) -> list[Call]:
        """The calls for one delivery that the sink took, in their order."""
        calls = [call for call in self.calls if call.part == part and call.is_taken]
        return sorted(calls, key=lambda call: call.at)

    def broken_off(self, part: str) -> int:
        """How many attempts of one delivery a kill or a pause has caught."""
        return sum(attempt.part == part for attempt in {*self.in_flight, *self.exposed})

    def status(self, part: str) -> str | None:
        """How the product says a delivery ended; None: it knows none."""
        found = (known.deliveries[part].status for known in self.known if part in known.deliveries)
        return next(found, None)

    def violation(self, rule: Rule, text: str) -> Violation:
        """A violation in this case."""
        return Violation(rule, text, self.serial)


def cases(evidence: Evidence) -> Sequence[Case]:
    """The evidence, sorted by request."""
    found: dict[int, Case] = {}

    def case(serial: int) -> Case:
        return found.setdefault(serial, Case(serial))

    for accepted in evidence.accepted:
        case(accepted.serial).accepted.append(accepted)
    for cancelled in evidence.cancelled:
        case(cancelled.serial).cancelled.append(cancelled)
    for serial in evidence.cancels:
        case(serial).is_cancel_asked = True
    for call in evidence.calls:
        case(call.serial).calls.append(call)
    in_flight, exposed = _by_id(evidence.in_flight), _by_id(evidence.exposed)
    for known in evidence.known:
        case(known.serial).known.append(known)
        case(known.serial).in_flight += in_flight.get(known.id, ())
        case(known.serial).exposed += exposed.get(known.id, ())
    return list(found.values())


def _by_id(in_flight: frozenset[InFlight]) -> Mapping[str, list[InFlight]]:
    groups: defaultdict[str, list[InFlight]] = defaultdict(list)
    for attempt in sorted(in_flight):
        groups[attempt.id].append(attempt)
    return groups
