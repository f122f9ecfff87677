"""Which addresses must not be sent to, answered from memory."""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from sys import intern

from sendwell.domain.fingerprint import fingerprint
from sendwell.domain.ids import ChannelName, TenantId, UserId
from sendwell.domain.suppression import Source
from sendwell.ports.clock import Clock
from sendwell.ports.database import acting_for
from sendwell.ports.directory import ALL_TENANTS, Address
from sendwell.roles.users.store.suppressions import Change, Reasons, SuppressionStore
from sendwell.roles.users.store.tokens import body_of
from sendwell.runtime.ahead import Ahead

EVERYBODY = ALL_TENANTS
"""Whose list holds for all tenants: of numbers that wrote STOP to a sender that they all share.

Nobody can list it: a tenant would see there whom others write to.
"""
MOST_KEPT = 100_000
"""Over all tenants; measured 80 bytes each. A tenant with more is asked for in the database."""

_OLDEST_SECONDS = 5.0
_REST_SECONDS = 300.0
"""A list that has made room for another is not read whole again before that: where all together are
too many, each would else push the next one out at every question."""
_NEVER = float("-inf")
_LONGEST_COMMIT = 60_000_000
"""Microseconds between the time a change bears and the moment others can see it."""

_LONGEST_REASON = 255
_NONE: Mapping[Address, str] = {}


@dataclass(frozen=True, slots=True)
class Notice:
    """An address must not be sent to, for a reason known since `at`; without one it may again."""

    tenant: TenantId
    channel: ChannelName
    address: str
    reason: str | None
    at: int
    source: Source | None = None


@dataclass(slots=True)
class _List:
    """What is known of one tenant's suppressions; None for the reasons: too many to keep."""

    reasons: dict[bytes, str] | None
    read_at: int = 0
    checked: float = 0.0
    rests_until: float = float("inf")
    """Where it has made room for others: when it is kept again."""

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
        """Those of the addresses that are suppressed, with the reason; also those that are for
        everybody, because the platform's own sender was told so.
        """
        own = await self._among(tenant, addresses)
        if self._is_surely_empty(EVERYBODY):
            return own
        with _for_all_tenants():
            everybodys = await self._among(EVERYBODY, addresses)
        return {**everybodys, **own} if everybodys else own

    def _is_surely_empty(self, tenant: TenantId) -> bool:
        known = self._lists.get(tenant)
        if known is None or known.reasons is None or known.reasons:
            return False
        return known.checked >= self._clock.elapsed() - _OLDEST_SECONDS / 2

    async def _among(
        self, tenant: TenantId, addresses: Collection[Address]
    ) -> Mapping[Address, str]:
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

    async def change(self, notices: Sequence[Notice]) -> set[UserId]:
        """Suppress addresses of one tenant, or lift that; gives who lost a push token by it.

        News that is older than what is known does not count, nor what that outweighs.
        """
        now = self._clock.now()
        changes = [_change(each, now) for each in notices]
        done = await self._store.change_all(changes)
        counting = {
            change.address_hash: change.reason
            for change, changed in zip(changes, done, strict=True)
            if changed.counts
        }
        if counting:
            self.note(changes[0].tenant, counting)
        return {loser for changed in done for loser in changed.losers}

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
            # Unknown, or the clock was put back, or it has rested.
            if known is None or now < known.read_at or known.rests_until <= checked:
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
            self._let_rest(next(tenant for tenant, each in self._lists.items() if each.size))

    def _let_rest(self, tenant: TenantId) -> None:
        """From now on it is asked for in the database."""
        known = self._lists[tenant]
        self._kept -= known.size
        known.reasons = None
        known.rests_until = self._clock.elapsed() + _REST_SECONDS

    def _drop(self, tenant: TenantId) -> None:
        gone = self._lists.pop(tenant, None)
        if gone is not None:
            self._kept -= gone.size


def _change(notice: Notice, now: int) -> Change:
    is_unseen = notice.reason is None or notice.tenant == EVERYBODY
    return Change(
        notice.tenant,
        notice.channel,
        fingerprint(notice.tenant, notice.channel, notice.address),
        notice.reason and notice.reason[:_LONGEST_REASON],
        notice.at,
        now,
        notice.source,
        None if is_unseen else body_of(notice.address),
    )


@contextmanager
def _for_all_tenants() -> Iterator[None]:
    """Also who asks on behalf of one tenant reads what holds for all."""
    before = acting_for.set(None)
    try:
        yield
    finally:
        acting_for.reset(before)
