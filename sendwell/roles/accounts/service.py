"""Knows every tenant's rules and whose key a key is."""

from typing import Any

import msgspec

from sendwell.domain.errors import Denied, NotFound
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.database import Unit
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.keys import Key, is_same, parse_key
from sendwell.roles.accounts.rules import RuleIn, policy_of, priority_rules, wire
from sendwell.roles.accounts.store import AccountStore, Tenant, recorded

_REMEMBERED_SECONDS = 60
_MOST_REMEMBERED = 10_000


class Accounts:
    """Implements the ports Tenants and Audit for one process.

    Rules are held in memory; keys are remembered for 60 s after they were looked up, which is how
    long a revoked one may still work.
    """

    def __init__(self, store: AccountStore, *, defaults: Policy, clock: Clock) -> None:
        self._store = store
        self._defaults = defaults
        self._clock = clock
        self._tenants: dict[TenantId, Tenant] = {}
        self._policies: dict[TenantId, Policy] = {}
        self._callers: dict[str, tuple[float, Caller]] = {}

    async def start(self) -> None:
        """Read the tenants and their rules."""
        for tenant in await self._store.tenants():
            self._remember(tenant)

    async def caller(self, key: str) -> Caller:
        known = self._callers.get(key)
        if known is not None and known[0] > self._clock.elapsed():
            return known[1]
        caller = await self._look_up(key)
        if len(self._callers) >= _MOST_REMEMBERED:
            self._callers.clear()
        self._callers[key] = (self._clock.elapsed() + _REMEMBERED_SECONDS, caller)
        return caller

    def use_defaults(self, defaults: Policy) -> None:
        """What holds where a tenant has no rule of its own, from now on."""
        self._defaults = defaults
        for tenant in self._tenants.values():
            self._remember(tenant)

    def knows(self, tenant: TenantId) -> bool:
        """Whether there is such a tenant. Never waits."""
        return tenant in self._tenants

    def policy(self, tenant: TenantId) -> Policy:
        return self._policies.get(tenant, self._defaults)

    def recorded(self, deed: Deed) -> Unit:
        return recorded(deed)

    async def ensure_tenant(self, tenant: TenantId, name: str, *, is_sandboxed: bool) -> None:
        """The tenant exists."""
        if tenant not in self._tenants:
            made = Tenant(tenant, name, is_sandboxed, {})
            await self._store.add_tenant(made, self._clock.now())
            self._remember(made)

    async def ensure_key(self, tenant: TenantId, key: Key, *, name: str) -> None:
        """The key exists and is the tenant's."""
        if await self._store.key(key.id) is None:
            await self._store.add_key(tenant, key, name=name, now=self._clock.now())

    def priority_table(self, tenant: TenantId) -> list[RuleIn]:
        """Which event type goes into which lane."""
        return wire(self.policy(tenant).priorities)

    async def set_priority_table(self, caller: Caller, table: list[RuleIn]) -> list[RuleIn]:
        """Replace the table, on the record. Raises Invalid; holds for the next request."""
        priority_rules(table)
        tenant = self._tenants.get(caller.tenant)
        if tenant is None:
            raise NotFound(f"There is no tenant {caller.tenant}.")
        rules: dict[str, Any] = {**tenant.rules, "priorities": msgspec.to_builtins(table)}
        deed = Deed(
            caller.tenant,
            caller.name,
            "rules.priorities.replaced",
            "priorities",
            self._clock.now(),
            {"rows": len(table)},
        )
        await self._store.set_rules(caller.tenant, rules, deed)
        self._remember(Tenant(tenant.tenant, tenant.name, tenant.is_sandboxed, rules))
        return self.priority_table(caller.tenant)

    async def _look_up(self, text: str) -> Caller:
        key = parse_key(text)
        stored = await self._store.key(key.id) if key is not None else None
        if key is None or stored is None or stored.is_revoked or not is_same(key, stored.hash):
            raise Denied("This API key is not valid here.", is_unknown=True)
        return Caller(stored.tenant, stored.name)

    def _remember(self, tenant: Tenant) -> None:
        self._tenants[tenant.tenant] = tenant
        self._policies[tenant.tenant] = policy_of(
            tenant.rules, defaults=self._defaults, is_sandboxed=tenant.is_sandboxed
        )
