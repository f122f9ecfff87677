"""`Quarantined`: what became of a message that cannot be taken, as a value."""

from typing import Self

import msgspec

from sendwell.domain.errors import Conflict, Denied, SendwellError
from sendwell.domain.ids import TenantId
from sendwell.messages.wire.reason import Reason

_CODES = {
    "invalid": Reason.INVALID_FIELD,
    "idempotency_key_reused": Reason.KEY_REUSED,
    "conflict": Reason.CONTRADICTION,
    "denied": Reason.CONTRADICTORY_ORGANIZATION,
}
_REASONS = frozenset(Reason)


class Quarantined(msgspec.Struct, frozen=True, gc=False):
    """Why a message was not taken. `pointer` is the place in its JSON (RFC 6901), "" for all of it.

    `text` is for people and quotes nothing personal. `tenant` is whose it seems to be, as far as
    nothing contradicts.
    """

    reason: Reason
    text: str
    pointer: str = ""
    tenant: TenantId | None = None

    @classmethod
    def of(cls, refusal: SendwellError, *, tenant: TenantId | None = None) -> Self:
        """The same refusal as a value; its first flaw says where.

        Not for Unavailable: what is right but cannot be taken now stays on the broker.
        """
        pointer = refusal.flaws[0].pointer if refusal.flaws else ""
        return cls(_reason(refusal), refusal.message, pointer, tenant)


def _reason(refusal: SendwellError) -> Reason:
    if refusal.code in _REASONS:
        return Reason(refusal.code)
    known = Conflict.code if isinstance(refusal, Conflict) else refusal.code
    known = Denied.code if isinstance(refusal, Denied) else known
    return _CODES.get(known, Reason.REFUSED)
