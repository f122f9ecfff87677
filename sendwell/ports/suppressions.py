"""What the receipts role tells the users role: addresses that must not be sent to again."""

from typing import Protocol

from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.suppression import Source


class Suppressions(Protocol):
    """The list of addresses that a tenant must not send to."""

    async def suppress(
        self,
        tenant: TenantId,
        channel: ChannelName,
        *,
        address: str,
        reason: str,
        at: int,
        source: Source = Source.GONE,
    ) -> None:
        """The address is on the list, durably, before the next send is looked at.

        `reason` is what `reason_of` says of the source; `at`, in microseconds since 1970, is when
        the provider learned it. Idempotent; what the tenant or the person said before stays.
        Raises Unavailable when it could not be stored; the caller tries again.
        """
        ...
