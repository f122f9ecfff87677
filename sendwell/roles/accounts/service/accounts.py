"""Knows every tenant's rules and whose key a key is."""

from typing import Any

import msgspec

from sendwell.domain.environment import Environment, inhabitant, is_test
from sendwell.domain.errors import Conflict, NotFound
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.database import Unit
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.keys import Key
from sendwell.roles.accounts.rules import RuleIn, policy_of, priority_rules, wire
from sendwell.roles.accounts.service.credentials import Credentials
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.store.keys import StoredKey
from sendwell.roles.accounts.store.tenants import Tenant
from sendwell.runtime.tokens import Tokens

_MOST_REMEMBERED = 10_000


class Accounts:
    """Implements the ports Tenants and Audit for one process.

    Rules are held in memory; keys and tokens are remembered for 60 s after they were looked up,
    which is how long one that was revoked in another process may still work.
    """

    def __init__(
        self,
        store: AccountStore,
        *,
        defaults: Policy,
        clock: Clock,
        tokens: Tokens | None = None,
    ) -> None:
        self._store = store
        self._defaults = defaults
        self._clock = clock
        self._credentials = Credentials(store, tokens, clock)
        self._tenants: dict[TenantId, Tenant] = {}
        self._policies: dict[TenantId, Policy] = {}
        self._callers: dict[str, tuple[float, Caller]] = {}

    async def start(self) -> None:
        """Read the tenants and their rules."""
        for tenant in await self._store.tenants.all():
            self._remember(tenant)

    async def caller(self, key: str) -> Caller:
        """As promised by the port."""
        known = self._callers.get(key)
        if known is not None and known[0] > self._clock.elapsed():
            return known[1]
        return (await self._look_up(key))[0]

    async def known(self, key: str) -> tuple[Caller, float]:
        """The caller, and for how many seconds it may be remembered elsewhere."""
        known = self._callers.get(key)
        if known is not None and known[0] > self._clock.elapsed():
            return known[1], known[0] - self._clock.elapsed()
        return await self._look_up(key)

    async def _look_up(self, key: str) -> tuple[Caller, float]:
        caller, seconds = await self._credentials.look_up(key)
        await self._meet(caller.tenant)
        if len(self._callers) >= _MOST_REMEMBERED:
            self._callers.clear()
        self._callers[key] = (self._clock.elapsed() + seconds, caller)
        return caller, seconds

    def forget(self, whose: str) -> None:
        """Look everybody up again who is known by that credential, or is that operator."""
        self._callers = {
            text: (until, caller)
            for text, (until, caller) in self._callers.items()
            if whose not in {caller.credential, caller.operator}
        }

    def use_defaults(self, defaults: Policy) -> None:
        """What holds where a tenant has no rule of its own, from now on."""
        self._defaults = defaults
        for tenant in self._tenants.values():
            self._remember(tenant)

    def knows(self, tenant: TenantId) -> bool:
        """Whether there is such a tenant. Never waits."""
        return tenant in self._tenants

    def policy(self, tenant: TenantId) -> Policy:
        """As promised by the port; a test environment is sandboxed whether it is known or not."""
        known = self._policies.get(tenant)
        if known is not None:
            return known
        return policy_of({}, defaults=self._defaults, is_sandboxed=is_test(tenant))

    def policies(self) -> dict[TenantId, Policy]:
        """The rules of every tenant. Never waits."""
        return dict(self._policies)

    def recorded(self, deed: Deed) -> Unit:
        """As promised by the port Audit."""
        return recorded(deed)

    async def ensure_tenant(self, tenant: TenantId, name: str, *, is_sandboxed: bool) -> None:
        """The tenant exists."""
        if tenant not in self._tenants:
            now = self._clock.now()
            await self.add(Tenant(tenant, name, is_sandboxed, {}, now), ensured=True)

    async def ensure_environment(self, tenant: TenantId, environment: Environment) -> None:
        """The tenant's environment exists."""
        lives_as = inhabitant(tenant, environment)
        name = self._tenants[tenant].name if tenant in self._tenants else tenant
        await self.ensure_tenant(lives_as, name, is_sandboxed=is_test(lives_as))

    async def add(self, tenant: Tenant, *more: Unit, ensured: bool = False) -> None:
        """Store a new tenant, with what else belongs to it.

        Raises Conflict where there is one with that id; `ensured` takes that one instead.
        """
        try:
            await self._store.tenants.add(tenant, *more)
        except Conflict:
            if not ensured:
                raise
            await self._meet(tenant.tenant)
        else:
            self._remember(tenant)

    async def ensure_key(self, tenant: TenantId, key: Key, *, name: str) -> None:
        """The key exists and is the tenant's."""
        if await self._store.keys.find(key.id) is None:
            made = StoredKey(key.id, tenant, name, key.hash, self._clock.now())
            await self._store.keys.add(made)

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
        await self._store.tenants.set_rules(caller.tenant, rules, deed)
        self._remember(
            Tenant(tenant.tenant, tenant.name, tenant.is_sandboxed, rules, tenant.created_at)
        )
        return self.priority_table(caller.tenant)

    async def _meet(self, tenant: TenantId) -> None:
        """Remember a tenant that another process has made."""
        if tenant not in self._tenants:
            found = await self._store.tenants.find(tenant)
            if found is not None:
                self._remember(found)

    def _remember(self, tenant: Tenant) -> None:
        self._tenants[tenant.tenant] = tenant
        self._policies[tenant.tenant] = policy_of(
            tenant.rules,
            defaults=self._defaults,
            is_sandboxed=tenant.is_sandboxed or is_test(tenant.tenant),
        )
