"""The rules of every tenant, in the memory of one process."""

import asyncio
import secrets

import structlog

from sendwell.domain.environment import is_test
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import RulesChanged
from sendwell.roles.accounts.rules import policy_of
from sendwell.roles.accounts.store.tenants import Tenant, TenantStore
from sendwell.runtime.cluster.news import News
from sendwell.runtime.waiting import wait_at_most

log = structlog.get_logger()
_LOOKS_EVERY_SECONDS = 2.0
"""With as long a pause in a service that asks this one, a change is everywhere within 5 s."""
_CLOCKS_DIFFER_US = 60_000_000


class Rulebook:
    """Answers without waiting. `run` must run where other processes may change the rules.

    What another process changes is known as soon as its signal is heard, and in any case two
    seconds later: then one query asks for what has a new edition.
    """

    def __init__(self, store: TenantStore, *, defaults: Policy, news: News, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._defaults = defaults
        self._tenants: dict[TenantId, Tenant] = {}
        self._policies: dict[TenantId, Policy] = {}
        self._hearers: list[RulesChanged] = []
        self._newest = 0
        """The highest edition that a look has found: all before it are known."""
        self._doubted: set[TenantId] = set()
        self._in_doubt = asyncio.Event()
        self._own = secrets.token_hex(4)
        self._changes = 0
        news.listen(self._changed_elsewhere, self._in_doubt.set)

    @property
    def edition(self) -> str:
        """Another one after each change of any tenant's rules."""
        return f"{self._own}.{self._changes}"

    async def start(self) -> None:
        """Read all tenants."""
        for tenant in await self._store.all():
            self._newest = max(self._newest, tenant.edition)
            self.remember(tenant)

    async def run(self) -> None:
        """Keep up with what other processes change. That we cannot is logged once, until we can."""
        is_stale = False
        while True:
            await wait_at_most(self._in_doubt, _LOOKS_EVERY_SECONDS)
            self._in_doubt.clear()
            try:
                await self._look_again()
                is_stale = False
            except Unavailable as error:
                if not is_stale:
                    log.warning("rules.not_refreshed", error=error.message)
                is_stale = True

    def on_change(self, heard: RulesChanged) -> None:
        """From now on `heard` is told of every change."""
        self._hearers.append(heard)

    def use_defaults(self, defaults: Policy) -> None:
        """What holds where a tenant has no rule of its own, from now on."""
        self._defaults = defaults
        self._changes += 1
        for tenant in list(self._tenants.values()):
            self.remember(tenant)

    def tenant(self, tenant: TenantId) -> Tenant | None:
        """The tenant, if there is one."""
        return self._tenants.get(tenant)

    def policy(self, tenant: TenantId) -> Policy:
        """What holds for a tenant; a test environment is sandboxed whether it is known or not."""
        known = self._policies.get(tenant)
        return known or self._policy(Tenant(tenant, tenant, is_sandboxed=False, rules={}))

    def policies(self) -> dict[TenantId, Policy]:
        """The rules of every tenant."""
        return dict(self._policies)

    def remember(self, tenant: Tenant) -> None:
        """From now on the tenant is known as it is here."""
        before, after = self._policies.get(tenant.tenant), self._policy(tenant)
        self._tenants[tenant.tenant] = tenant
        self._policies[tenant.tenant] = after
        self._changes += 1
        if before is not None and before != after:
            for heard in self._hearers:
                heard(tenant.tenant, before, after)

    async def meet(self, tenant: TenantId) -> None:
        """Remember a tenant that another process has made."""
        if tenant not in self._tenants:
            await self.look_up(tenant)

    async def look_up(self, tenant: TenantId) -> None:
        """Read one tenant again."""
        found = await self._store.find(tenant)
        if found is not None:
            self.remember(found)

    async def _look_again(self) -> None:
        for each in list(self._doubted):
            self._doubted.discard(each)  # who hears of it again meanwhile looks again
            try:
                await self.look_up(each)
            except Unavailable:
                self._doubted.add(each)
                raise
        newest = min(self._newest, self._clock.now())  # one clock may have been far ahead
        for tenant in await self._store.changed(max(1, newest - _CLOCKS_DIFFER_US)):
            self._newest = max(self._newest, tenant.edition)
            known = self._tenants.get(tenant.tenant)
            if known is None or known.edition != tenant.edition:
                self.remember(tenant)

    def _changed_elsewhere(self, tenant: TenantId, thing: str) -> None:
        del thing
        self._doubted.add(tenant)
        self._in_doubt.set()

    def _policy(self, tenant: Tenant) -> Policy:
        return policy_of(
            tenant.rules,
            defaults=self._defaults,
            is_sandboxed=tenant.is_sandboxed or is_test(tenant.tenant),
            tenant=tenant.tenant,
        )
