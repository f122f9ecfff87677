"""What the receipts role asks the tracker: which delivery a provider is talking about."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lifecycle import State


@dataclass(frozen=True, slots=True)
class Sought:
    """What a provider told of a delivery: our key, or its own id, or both.

    `provider` is the account as it stands in the history (`Status.provider`), `address` the
    `mark_of` where it says that it went, given where a person's address has to be found.
    """

    provider: str
    key: DeliveryKey | None = None
    reference: str | None = None
    address: bytes | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A delivery and where it stands; `at` is when it got there, in microseconds since 1970.

    `address` is where it was sent, None where that is not known (any more): a person's where it is
    still the one that the provider means. `is_erased`: whoever it was for was erased since, and no
    words about them may be written down. `provider` is the account that it was last sent by.
    """

    tenant: TenantId
    notification: NotificationId
    position: Position
    part: str
    channel: ChannelName
    state: State
    at: int
    attempt: int = 0
    reference: str | None = None
    user_id: UserId | None = None
    address: str | None = None
    is_erased: bool = False
    provider: str | None = None


class Deliveries(Protocol):
    """Deliveries of all tenants, open and ended, by the names that providers know them under."""

    async def find(self, sought: Collection[Sought]) -> Mapping[Sought, Found]:
        """Those that are there, as of the last commit; the others are left out.

        Our own key goes first, the provider's reference where there is no key. Keys that do not
        say whose they are may name several deliveries, for ids are unique within a tenant only:
        then it is the one that this account was given, and of several the one that it knows by
        that reference; when that cannot be told, it is left out. Raises Unavailable when a person's
        address has to be found, and cannot be asked for right now.
        """
        ...
