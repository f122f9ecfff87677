"""Reads the audit log, and follows its chain."""

from dataclasses import dataclass

from sendwell.domain.audit_chain import Break, Head, ends, follow
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import TenantId, UserId
from sendwell.roles.accounts.store.audit import AuditStore, Recorded

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of following a chain."""

    entries: int
    broken: Break | None


class AuditLog:
    """A tenant's log."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def page(
        self, tenant: TenantId, *, before: int | None, limit: int, user: UserId | None = None
    ) -> list[Recorded]:
        """The newest entries, or the newest below a number; only about that person, if given.

        The log knows people by their fingerprints alone.
        """
        subject = None if user is None else pseudonym(tenant, user)
        return await self._store.page(tenant, before=before, limit=limit, subject=subject)

    async def verify(self, tenant: TenantId) -> Verified:
        """Follow the chain from its beginning to where its head was when this began."""
        kept = await self._store.head(tenant)
        head = Head()
        while head.length < kept.length:
            left = min(_AT_ONCE, kept.length - head.length)
            links = await self._store.links(tenant, after=head.length, limit=left)
            if not links:
                break
            found = follow(head, links)
            if isinstance(found, Break):
                return Verified(found.sequence - 1, found)
            head = found
        return Verified(head.length, ends(head, kept))
