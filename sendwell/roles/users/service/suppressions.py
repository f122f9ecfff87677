"""Which addresses must not be sent to, answered from memory."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from sys import intern

from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.ports.clock import Clock
from sendwell.ports.directory import Address
from sendwell.roles.users.store.fingerprint import fingerprint
from sendwell.roles.users.store.suppressions import Change, Reasons, SuppressionStore
from sendwell.runtime.ahead import Ahead

MOST_KEPT = 100_000
"""Over all tenants; measured 80 bytes each. A tenant with more is asked for in the database."""

_OLDEST_SECONDS = 5.0
_NEVER = float("-inf")
_LONGEST_COMMIT = 60_000_000
"""Microseconds between the time a change bears and the moment others can see it."""

_LONGEST_REASON = 255
_NONE: Mapping[Address, str] = {}


@dataclass(slots=True)
class _List:
    """What is known of one tenant's suppressions; None for the reasons: too many to keep."""

    reasons: dict[bytes, str] | None
    read_at: int = 0
    checked: float = 0.0

    @property
    def size(self) -> int:
        return len(self.reasons or ())

    def apply(self, changed: Reasons, most: int) -> None:
        if self.reasons is None:
            return
        for address, reason in changed.items():
            if reason is None:
                self.reasons.pop(address, None)
            else:
                self.reasons[address] = intern(reason)
        if max(len(self.reasons), len(changed)) > most:
            self.reasons = None


class Suppressions:
    """One truth for all channels and providers of a tenant.

    Lists are read once and then only what has changed, at most every 5 s and when others tell of
    a change; changes made here hold at once.
    """

    def __init__(self, store: SuppressionStore, *, clock: Clock, most: int = MOST_KEPT) -> None:
        self._store = store
        self._clock = clock
        self._most = most
        self._lists: OrderedDict[TenantId, _List] = OrderedDict()
        self._kept = 0
        self._edition = 0
        self._ahead = Ahead()

    async def among(
        self, tenant: TenantId, addresses: Collection[Address]
    ) -> Mapping[Address, str]:
        """Those of the addresses that are suppressed, with the reason."""
        known = self._lists.get(tenant)
        if known is None or known.checked < self._clock.elapsed() - _OLDEST_SECONDS:
            known = await self._refreshed(tenant)
        elif known.checked < self._clock.elapsed() - _OLDEST_SECONDS / 2:
            self._ahead.begin(tenant, partial(self._refreshed, tenant))
        reasons = known.reasons
        if not addresses or (reasons is not None and not reasons):
            return _NONE
        hashes = {fingerprint(tenant, *address): address for address in addresses}
        if reasons is None:
            reasons = await self._store.among(tenant, hashes)
        return {address: reasons[own] for own, address in hashes.items() if own in reasons}

    async def change(
        self, tenant: TenantId, channel: ChannelName, *, address: str, reason: str | None, at: int
    ) -> Collection[UserId]:
        """Suppress an address, or lift that (no reason); gives who lost a push token by it.

        News that is older than what is known does not count.
        """
        change = Change(
            tenant,
            channel,
            fingerprint(tenant, channel, address),
            reason and reason[:_LONGEST_REASON],
            at,
            self._clock.now(),
        )
        changed = await self._store.change(change)
        if changed.counts:
            self.note(tenant, {change.address_hash: change.reason})
        return changed.losers

    def note(self, tenant: TenantId, changed: Reasons) -> None:
        """These changes are in the database."""
        self._edition += 1
        known = self._lists.get(tenant)
        if known is not None:
            self._apply(tenant, known, changed)

    def doubt(self, tenant: TenantId) -> None:
        """The list has changed elsewhere: it is read on before it is used again."""
        self._edition += 1
        known = self._lists.get(tenant)
        if known is not None:
            known.checked = _NEVER

    def doubt_all(self) -> None:
        """Any list may have changed elsewhere."""
        for tenant in list(self._lists):
            self.doubt(tenant)

    async def _refreshed(self, tenant: TenantId) -> _List:
        """The list as the database has it; read again where it was changed here meanwhile."""
        while True:
            edition, checked, now = self._edition, self._clock.elapsed(), self._clock.now()
            known = self._lists.get(tenant)
            if known is None or now < known.read_at:  # unknown, or the clock was put back
                known = _List({})
            since = max(0, known.read_at - _LONGEST_COMMIT)
            changed = await self._store.changed_since(tenant, since, most=self._most + 1)
            if edition == self._edition:
                break
        known.read_at, known.checked = now, checked
        self._apply(tenant, known, changed)
        return known

    def _apply(self, tenant: TenantId, known: _List, changed: Reasons) -> None:
        """Change a list and make room for it."""
        self._drop(tenant)
        known.apply(changed, self._most)
        self._lists[tenant] = known
        self._kept += known.size
        while self._kept > self._most:
            self._drop(next(iter(self._lists)))

    def _drop(self, tenant: TenantId) -> None:
        gone = self._lists.pop(tenant, None)
        if gone is not None:
            self._kept -= gone.size
