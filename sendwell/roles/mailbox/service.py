"""The mailbox at work: keeps the newest messages of each tenant and wakes who waits for one."""

import asyncio
from collections import Counter
from datetime import timedelta

from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.clock import Clock
from sendwell.roles.mailbox.message import MailboxMessage, MessagePage, Narrowing
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.runtime.bell import Bell

_MOST_KEPT = 10_000
_LONGEST_COMMIT = 1.0
"""Seconds. On PostgreSQL several write, and a message may be seen after one with a higher id; so
who waits does not pass what came just before he looked."""


class Mailbox:
    """The Shelf behind the provider `mailbox`.

    A tenant keeps its newest `most_kept` messages, and until the next trimming up to a twentieth
    more: one trimming for many messages makes the bound nearly free.
    """

    def __init__(self, store: MailboxStore, clock: Clock, *, most_kept: int = _MOST_KEPT) -> None:
        self._store = store
        self._clock = clock
        self._most_kept = most_kept
        self._trims_after = max(1, most_kept // 20)
        self._untrimmed: Counter[TenantId] = Counter()
        self._arrivals: Bell[TenantId] = Bell()

    async def put(self, outgoing: Outgoing) -> str:
        """As promised by the port; whoever waits for such a message is woken."""
        tenant = outgoing.tenant
        most = self._most_kept if self._is_time_to_trim(tenant) else None
        number = await self._store.put(outgoing, self._clock.now(), most=most)
        self._arrivals.ring(tenant)
        return str(number)

    async def page(
        self, tenant: TenantId, narrowing: Narrowing, *, before: int | None, limit: int
    ) -> MessagePage:
        """Messages that match, older than the id `before`."""
        return await self._store.page(tenant, narrowing, before=before, limit=limit)

    async def await_page(
        self, tenant: TenantId, narrowing: Narrowing, *, limit: int, wait: timedelta
    ) -> MessagePage:
        """The first page as soon as there is something on it; empty when `wait` is over."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait.total_seconds()
        seen, newest, looked = 0, 0, clock()
        with self._arrivals.listening(tenant) as arrived:
            while not self._arrivals.is_closed:
                arrived.clear()
                is_settled = clock() >= looked + _LONGEST_COMMIT
                page = await self._store.page(tenant, narrowing, after=seen, limit=limit)
                if page.messages:
                    return page
                if is_settled:
                    seen, newest = newest, await self._store.newest(tenant)
                    looked = clock()
                try:
                    async with asyncio.timeout_at(deadline):
                        await arrived.wait()
                except TimeoutError:
                    break
        # Nothing rings here for what another process has stored.
        return await self._store.page(tenant, narrowing, after=seen, limit=limit)

    async def find(self, tenant: TenantId, number: int) -> MailboxMessage:
        """The message with that id. Raises NotFound."""
        message = await self._store.find(tenant, number)
        if message is None:
            raise _missing(number)
        return message

    async def delete(self, tenant: TenantId, narrowing: Narrowing) -> int:
        """Delete what matches, everything where nothing is narrowed; gives how many that were."""
        return await self._store.delete(tenant, narrowing)

    async def discard(self, tenant: TenantId, number: int) -> None:
        """Delete one message. Raises NotFound."""
        if not await self._store.discard(tenant, [number]):
            raise _missing(number)

    def close(self) -> None:
        """Let go everybody who waits, so that their calls are answered before we stop."""
        self._arrivals.close()

    def _is_time_to_trim(self, tenant: TenantId) -> bool:
        self._untrimmed[tenant] += 1
        if self._untrimmed[tenant] < self._trims_after:
            return False
        del self._untrimmed[tenant]
        return True


def _missing(number: int) -> NotFound:
    return NotFound(f"There is no message {number} in the mailbox.")
