"""One look at a receipt: what is known of it each time somebody seeks its delivery."""

from dataclasses import dataclass, field

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.ids import TenantId
from sendwell.messages.receipt import Receipt
from sendwell.ports.deliveries import Sought

SECOND = 1_000_000
PATIENCE = 10 * 60 * SECOND
"""How long a receipt waits for the commit of its delivery."""


@dataclass(frozen=True, slots=True)
class Look:
    """A receipt from a provider account, taken in at `taken_at` and named `number` while it waits.

    `tenant` is whose account it is: it may speak of that tenant's deliveries only. None is the
    platform's, which may speak of everybody's.
    """

    number: int
    provider: str
    tenant: TenantId | None
    receipt: Receipt
    taken_at: int
    is_kept: bool = False
    """It is among the waiting ones on disk."""
    sought: Sought = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sought", _sought(self.provider, self.receipt))

    @property
    def event(self) -> tuple[str, str]:
        """The name of the event in the whole world."""
        return self.provider, self.receipt.event_id

    def is_last(self, now: int) -> bool:
        """Whether it will not wait any longer: its time is over, or it names no delivery."""
        is_nameless = self.sought.key is None and self.sought.reference is None
        return is_nameless or now - self.taken_at >= PATIENCE

    def due(self, now: int) -> int:
        """When to look again: after as long as it has waited already, but at least a second."""
        waited = now - self.taken_at
        return min(now + max(SECOND, waited), self.taken_at + PATIENCE)


def _sought(provider: str, receipt: Receipt) -> Sought:
    """Keys come back through strangers: some belong to other products on the same account."""
    try:
        key = DeliveryKey.parse(receipt.key or "")
    except ValueError:
        key = None
    return Sought(provider, key, receipt.reference, receipt.address)
