"""By what a request is known again: its key, its body and its id."""

from typing import NamedTuple

from sendwell.domain.errors import Conflict, Flaw, SendwellError, Untimely
from sendwell.domain.ids import NotificationId, TenantId
from sendwell.messages.requested import Requested
from sendwell.ports.journal import Claim, Entry
from sendwell.roles.gateway import checks
from sendwell.roles.gateway.request import hashed
from sendwell.roles.gateway.wire import NotificationIn


class Refusal(NamedTuple):
    """What can't be accepted now, and by what it is found if it has been accepted before."""

    error: SendwellError
    claim: Claim | None = None


def one_key(given: NotificationIn, header: str | None, place: int | None) -> str | None:
    """The key that counts for a request: alone it has one, which field or header may say; in a
    batch, at `place`, the header's is for the items without one of their own, a share for each.
    """
    own = given.idempotency_key
    if place is not None:
        return own or (header and f"{header}#{place}")
    if own and header and own != header:
        why = "Differs from the header Idempotency-Key."
        raise Conflict(f"/idempotency_key: {why}", flaws=[Flaw("/idempotency_key", why)])
    return own or header


def entry_of(request: Requested, body: bytes, key: str | None, *, is_named: bool) -> Entry:
    """The request on its way into the journal."""
    if key is None:
        return Entry(request, is_named=is_named)
    return Entry(request, *_hashes(key, body), is_named)


def claim_of(
    error: SendwellError,
    given: NotificationIn | None,
    *,
    tenant: TenantId,
    body: bytes,
    key: str | None,
) -> Claim | None:
    """What would show that a refused request was accepted before; None where it can't have been."""
    if not isinstance(error, Untimely) or given is None or not (key or given.id):
        return None
    if checks.names(given):
        return None
    hashed_key, fingerprint = (None, b"") if key is None else _hashes(key, body)
    return Claim(tenant, hashed_key, fingerprint, NotificationId(given.id) if given.id else None)


def _hashes(key: str, body: bytes) -> tuple[bytes, bytes]:
    return hashed(key.encode(), 16), hashed(body, 8)
