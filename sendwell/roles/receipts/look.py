"""One look at a receipt: what is known of it each time somebody seeks its delivery."""

from dataclasses import dataclass, field

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.ids import TenantId
from sendwell.messages.receipt import Receipt
from sendwell.ports.deliveries import Sought
from sendwell.roles.receipts.meaning import suppression

SECOND = 1_000_000
MINUTE = 60 * SECOND
PATIENCE = 3 * 24 * 60 * MINUTE
"""How long a receipt that stops an address waits for the commit of its delivery, if it has a key:
that was sent, and may be told of by a bus that is away.
"""
SHORT_PATIENCE = 10 * MINUTE
"""How long all others wait: many are about what others send by the account, also another Sendwell.
"""
LONGEST_PAUSE = 60 * MINUTE
"""Between two looks. A commit wakes what waits, but not in every process and after every restart.
"""

Account = tuple[str, TenantId | None]
"""A provider account, and the tenant whose own it is."""


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

    @property
    def account(self) -> Account:
        """Whose receipts it waits among."""
        return self.provider, self.tenant

    def is_last(self, now: int, *, is_crowded: bool = False) -> bool:
        """Whether it will not wait any longer: its time is over, or it names no delivery.

        Nothing waits long for an account of whose receipts too many do.
        """
        is_nameless = self.sought.key is None and self.sought.reference is None
        patience = SHORT_PATIENCE if is_crowded else self._patience
        return is_nameless or now - self.taken_at >= patience

    def waits_long(self, now: int) -> bool:
        """Whether it waits for longer than most do."""
        return SHORT_PATIENCE <= now - self.taken_at < self._patience

    def due(self, now: int) -> int:
        """When to look again: after as long as it has waited already, at least a second and at
        most an hour.
        """
        pause = min(max(SECOND, now - self.taken_at), LONGEST_PAUSE)
        return min(now + pause, self.taken_at + self._patience)

    @property
    def _patience(self) -> int:
        stops = suppression(self.receipt) is not None
        return PATIENCE if stops and self.sought.key else SHORT_PATIENCE


def _sought(provider: str, receipt: Receipt) -> Sought:
    """Keys come back through strangers: some belong to other products on the same account."""
    try:
        key = DeliveryKey.parse(receipt.key or "")
    except ValueError:
        key = None
    address = receipt.address if suppression(receipt) else None
    return Sought(provider, key, receipt.reference, address)
