"""What the harness has seen of the product, as plain values: the checker judges nothing else.

Times are microseconds since 1970 of the machine's clock, which the harness and the product share.
A `serial` is the producer's own number of a request; it travels in metadata and addresses, so that
every trace of a request is found again even where the answer to it was lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec


class Accepted(msgspec.Struct, frozen=True, tag="accepted"):
    """The product said 202, or a broker took it: a promise. A repetition is told as one more of
    the same serial. A broker gives no id: then it is None where the producer gave none.
    """

    serial: int
    id: str | None
    key: str | None
    recipients: int
    channels: tuple[str, ...]
    lane: str
    at: int
    due: int | None = None

    @property
    def parts(self) -> list[str]:
        """The deliveries that it must come to."""
        return [f"{number}.{name}" for number in range(self.recipients) for name in self.channels]


class Cancelled(msgspec.Struct, frozen=True, tag="cancelled"):
    """The product said 200 to a cancel: these deliveries do not go out any more."""

    serial: int
    parts: tuple[str, ...]
    at: int


@dataclass(slots=True)
class Call:
    """One delivery that came to a sink in full."""

    serial: int
    part: str
    key: str
    """What tells a repetition: `webhook-id`, or Message-ID."""
    connected_at: int
    at: int
    is_taken: bool
    """False: the sink refused it, for now or for good."""
    is_answered: bool = False
    """Whether the answer went out; where it did not, the product cannot know."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the product's own timeline."""

    event: str
    part: str | None = None
    attempt: int | None = None
    code: str | None = None
    at: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as the product shows it."""

    status: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Known:
    """One notification as the product shows it."""

    id: str
    serial: int
    deliveries: Mapping[str, Delivery]
    events: tuple[Event, ...]

    def timeline(self, part: str) -> list[Event]:
        """What it tells of one delivery."""
        return [event for event in self.events if event.part == part]


@dataclass(frozen=True, slots=True, order=True)
class InFlight:
    """An attempt that a killed or paused process had claimed and not settled."""

    id: str
    part: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything there is to judge by, once the product has come to rest."""

    accepted: Sequence[Accepted] = ()
    cancelled: Sequence[Cancelled] = ()
    cancels: frozenset[int] = frozenset()
    """The serials whose cancel was asked for, whatever the answer was, if there was one."""
    refusals: Sequence[str] = ()
    """Answers that were neither a yes nor a lost connection."""
    complaints: Sequence[str] = ()
    """What the product itself logged as errors."""
    calls: Sequence[Call] = ()
    known: Sequence[Known] = ()
    in_flight: frozenset[InFlight] = frozenset()
    """Those that a kill has caught: nobody can know what became of them."""
    exposed: frozenset[InFlight] = frozenset()
    """Those that a pause has caught: others may have given them up meanwhile, or not."""
    ledger: Mapping[str, int] = field(default_factory=dict)
    integrity: str = "ok"
    exit_code: int = 0
    cycles: int = 1
    crashes: int = 0
    """How often a process was ended by signal 11, which no code of ours does, and started again."""
