"""Knows every tenant's rules and whose key a key is."""

from collections.abc import Sequence

from sendwell.domain.environment import Environment, inhabitant, is_test
from sendwell.domain.errors import Conflict
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy
from sendwell.ports.audit import Deed, Entrusted
from sendwell.ports.clock import Clock
from sendwell.ports.database import Unit
from sendwell.ports.tenants import Caller, RulesChanged
from sendwell.roles.accounts.keys import Key
from sendwell.roles.accounts.rules import Reach
from sendwell.roles.accounts.service.credentials import Credentials
from sendwell.roles.accounts.service.rulebook import Rulebook
from sendwell.roles.accounts.service.rules import Rules
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.store.keys import StoredKey
from sendwell.roles.accounts.store.tenants import Tenant
from sendwell.runtime.cluster.news import News
from sendwell.runtime.tokens import Tokens

_MOST_REMEMBERED = 10_000
_EVERYWHERE = Reach()


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
        news: News | None = None,
        reach: Reach = _EVERYWHERE,
        lets_sample_in: bool = False,
    ) -> None:
        news = news or News("accounts")
        self._store = store
        self._clock = clock
        self.credentials = Credentials(store, tokens, clock, lets_sample_in=lets_sample_in)
        self.book = Rulebook(store.tenants, defaults=defaults, news=news, clock=clock)
        self.rules = Rules(self.book, store.tenants, clock=clock, news=news, reach=reach)
        self._callers: dict[str, tuple[float, Caller]] = {}
        self._forgotten = 0

    async def start(self) -> None:
        """Read the tenants and their rules."""
        await self.book.start()

    async def run(self) -> None:
        """Keep up with the rules that other processes change."""
        await self.book.run()

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
        forgotten = self._forgotten
        caller, seconds = await self.credentials.look_up(key)
        await self.book.meet(caller.tenant)
        if forgotten != self._forgotten:  # it may have been read before it was revoked
            return caller, 0.0
        if len(self._callers) >= _MOST_REMEMBERED:
            self._callers.clear()
        self._callers[key] = (self._clock.elapsed() + seconds, caller)
        return caller, seconds

    def forget(self, whose: str) -> None:
        """Look everybody up again who is known by that credential, or is that operator."""
        self._forgotten += 1
        self._callers = {
            text: (until, caller)
            for text, (until, caller) in self._callers.items()
            if whose not in {caller.credential, caller.operator}
        }

    def use_defaults(self, defaults: Policy) -> None:
        """What holds where a tenant has no rule of its own, from now on."""
        self.book.use_defaults(defaults)

    def knows(self, tenant: TenantId) -> bool:
        """Whether there is such a tenant. Never waits."""
        return self.book.tenant(tenant) is not None

    def policy(self, tenant: TenantId) -> Policy:
        """As promised by the port; a test environment is sandboxed whether it is known or not."""
        return self.book.policy(tenant)

    def on_change(self, heard: RulesChanged) -> None:
        """From now on `heard` is told when a tenant's rules have changed, wherever that was."""
        self.book.on_change(heard)

    def recorded(self, deed: Deed) -> Unit:
        """As promised by the port Audit."""
        return recorded(deed)

    async def take(self, deeds: Sequence[Entrusted]) -> None:
        """As promised by the port Record."""
        await self._store.audit.take(deeds)

    async def ensure_tenant(self, tenant: TenantId, name: str, *, is_sandboxed: bool) -> None:
        """The tenant exists."""
        if not self.knows(tenant):
            now = self._clock.now()
            await self.add(Tenant(tenant, name, is_sandboxed, {}, now, now), ensured=True)

    async def ensure_environment(self, tenant: TenantId, environment: Environment) -> None:
        """The tenant's environment exists."""
        lives_as = inhabitant(tenant, environment)
        known = self.book.tenant(tenant)
        name = known.name if known else tenant
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
            await self.book.meet(tenant.tenant)
        else:
            self.book.remember(tenant)

    async def ensure_key(self, tenant: TenantId, key: Key, *, name: str) -> None:
        """The key exists and is the tenant's."""
        if await self._store.keys.find(key.id) is None:
            made = StoredKey(key.id, tenant, name, key.hash, self._clock.now())
            await self._store.keys.add(made)
