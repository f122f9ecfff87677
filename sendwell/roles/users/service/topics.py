"""Knows a tenant's topics and who has subscribed to them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sendwell.domain.consent import Modes, receives
from sendwell.domain.errors import NotFound
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Caller
from sendwell.roles.users.store.topics import Topic, TopicStore
from sendwell.runtime.deeds import Deeds

_OLDEST_SECONDS = 5.0
_MOST_TENANTS = 1_000
_MOST_AT_ONCE = 1_000


class Page(NamedTuple):
    """Some subscribers, and behind whom to go on; None at the end."""

    users: Sequence[UserId]
    behind: str | None


class Topics:
    """Topics of all tenants; `changed` makes other processes look again, `deeds` is the log."""

    def __init__(
        self,
        store: TopicStore,
        *,
        clock: Clock,
        changed: Callable[[TenantId], Awaitable[None]],
        deeds: Deeds | None = None,
    ) -> None:
        self._store = store
        self._deeds = deeds
        self._clock = clock
        self._changed = changed
        self._modes: OrderedDict[TenantId, tuple[Modes, float]] = OrderedDict()
        self._edition = 0

    async def modes(self, tenant: TenantId) -> Modes:
        """The topics, each with whether only subscribers get it; from memory for some seconds."""
        now = self._clock.elapsed()
        known = self._modes.get(tenant)
        if known is not None and known[1] > now - _OLDEST_SECONDS:
            return known[0]
        edition = self._edition
        modes = await self._store.modes(tenant)
        if edition == self._edition:
            self._keep(tenant, modes, now)
        return modes

    def doubt(self, tenant: TenantId) -> None:
        """The tenant's topics may have changed."""
        self._edition += 1
        self._modes.pop(tenant, None)

    def doubt_all(self) -> None:
        """Any topic may have changed."""
        self._edition += 1
        self._modes.clear()

    async def put(self, caller: Caller, topic: Topic) -> bool:
        """Store a topic in place of any before; True for a new one. Raises Conflict."""
        await self._record(caller, "topic.stored", topic.key)
        is_new = await self._store.put(caller.tenant, topic, now=self._clock.now())
        await self._changed(caller.tenant)
        return is_new

    async def find(self, tenant: TenantId, key: str) -> Topic:
        """The topic. Raises NotFound."""
        found = await self._store.find(tenant, key)
        if found is None:
            raise _no(key)
        return found

    async def page(self, tenant: TenantId, *, after: str, limit: int) -> list[Topic]:
        """Topics in the order of their keys, from behind that one on."""
        return await self._store.page(tenant, after=after, limit=limit)

    async def delete(self, caller: Caller, key: str) -> None:
        """Take a topic away; what people chose about it stays with them. Raises NotFound."""
        await self.find(caller.tenant, key)
        await self._record(caller, "topic.deleted", key)
        await self._store.delete(caller.tenant, key)
        await self._changed(caller.tenant)

    async def _record(self, caller: Caller, action: str, key: str) -> None:
        if self._deeds is not None:
            await self._deeds.record(caller, action, key, {})

    async def subscribers(self, tenant: TenantId, key: str, *, after: str = "", limit: int) -> Page:
        """Who has subscribed to a topic or one above it, and not taken it back for this one.

        In the order of ids. A page may be short, and even empty, before the end.
        """
        found = await self._store.candidates(tenant, key, after=after, limit=limit)
        users = [each.user for each in found if receives(key, each.chosen)]
        return Page(users, found[-1].user if len(found) == limit else None)

    async def first_subscribers(self, tenant: TenantId, key: str, *, most: int) -> Sequence[UserId]:
        """All of them, but no more than so many."""
        users: list[UserId] = []
        behind: str | None = ""
        while behind is not None and len(users) < most:
            page = await self.subscribers(tenant, key, after=behind, limit=_MOST_AT_ONCE)
            users += page.users
            behind = page.behind
        return users[:most]

    def _keep(self, tenant: TenantId, modes: Modes, now: float) -> None:
        self._modes[tenant] = modes, now
        self._modes.move_to_end(tenant)
        if len(self._modes) > _MOST_TENANTS:
            self._modes.popitem(last=False)


def _no(key: str) -> NotFound:
    return NotFound(f"There is no topic {key}. Store one with PUT /api/v1/topics/{key}.")
