"""One transaction in the making."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sendwell.domain.ids import Position
from sendwell.messages.requested import Requested
from sendwell.ports.database import Unit, Write


@dataclass(slots=True)
class Scene:
    """What a handler is given: the time, and a place for its writes.

    `unit` is committed by the runtime once all handlers have spoken; `committed` runs after that,
    in the order it was asked for, and must not fail or wait.
    """

    now: int
    unit: list[Write] = field(default_factory=list)
    requests: dict[Position, Requested] = field(default_factory=dict)
    """Notifications that the transaction is about: it may store them, so others find them only
    once it has ended."""
    arrived: set[Position] = field(default_factory=set)
    """Notifications that came by a bus: others may have dealt with them since we looked."""
    _committed: list[Callable[[], None]] = field(default_factory=list)
    _failed: list[Callable[[], None]] = field(default_factory=list)

    def write(self, unit: Unit) -> None:
        """Add writes to the transaction."""
        self.unit.extend(unit)

    def knows(self, requests: Iterable[Requested]) -> None:
        """The transaction is about these."""
        self.requests |= {request.position: request for request in requests}

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call this once the transaction is on disk."""
        self._committed.append(call)

    def after_failure(self, call: Callable[[], None]) -> None:
        """Call this if it never gets there."""
        self._failed.append(call)

    def committed(self) -> None:
        """The transaction is on disk."""
        for call in self._committed:
            call()

    def failed(self) -> None:
        """Nothing of the transaction was stored."""
        for call in self._failed:
            call()
