"""What the receipts role tells the users role: people want no more messages, or want them again."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.stop_words import Meaning


class Reply(msgspec.Struct, frozen=True):
    """Somebody has answered, and meant that.

    `tenant` is whose sender it was; None is the platform's, which may belong to everybody.
    `evidence` names the message at the vendor; `at` is microseconds since 1970, UTC.
    """

    tenant: TenantId | None
    channel: ChannelName
    address: str
    meaning: Meaning
    at: int
    evidence: str


class Listener(Protocol):
    """Whoever keeps what people want."""

    async def hear(self, reply: Reply) -> Sequence[TenantId]:
        """It is heeded, durably, before the next send is looked at. Idempotent.

        REVOKE: nothing goes to the address any more, and the consent of the people who have it is
        taken back on record. RESUME undoes that where it was so, and nothing else. Any other
        meaning changes nothing. Gives the tenants who know somebody with that address.
        Raises Unavailable when it could not be stored; the caller tries again.
        """
        ...
