"""Who changed what, kept for good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sendwell.domain.ids import TenantId
from sendwell.ports.database import Unit


@dataclass(frozen=True, slots=True)
class Deed:
    """One change or replay: who did what to which thing. `details` holds no personal data."""

    tenant: TenantId
    actor: str
    action: str
    subject: str
    at: int
    details: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entrusted:
    """A deed that another service has done, with the id by which it is known again."""

    id: str
    deed: Deed


class Audit(Protocol):
    """The audit log: append-only."""

    def recorded(self, deed: Deed) -> Unit:
        """The writes that put the deed on record, for the unit of the change itself."""
        ...


class Record(Protocol):
    """The audit log as other services reach it."""

    async def take(self, deeds: Sequence[Entrusted]) -> None:
        """They are on record, in this order, each once however often it comes.

        Raises Unavailable; then any of them may be on record or not.
        """
        ...
