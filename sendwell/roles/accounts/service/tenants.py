"""Tenants, as the platform's administrator sees them."""

from dataclasses import dataclass

from sendwell.domain.environment import SAMPLE, Environment, parse_tenant
from sendwell.domain.errors import Conflict, NotFound
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import ADMINISTRATOR
from sendwell.ports.audit import Deed
from sendwell.ports.clock import Clock
from sendwell.ports.database import Unit
from sendwell.ports.tenants import Caller
from sendwell.roles.accounts.keys import Key, new_key
from sendwell.roles.accounts.service.accounts import Accounts
from sendwell.roles.accounts.service.operators import Newcomer, Operators
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.accounts.store import keys as key_rows
from sendwell.roles.accounts.store import operators as operator_rows
from sendwell.roles.accounts.store.audit import recorded
from sendwell.roles.accounts.store.keys import StoredKey
from sendwell.roles.accounts.store.tenants import Tenant

PLATFORM = TenantId("platform")
"""To whom the administrator's own keys and log belong. Nothing is sent for it."""


@dataclass(frozen=True, slots=True)
class Founded:
    """A new tenant, and the key that opens it; the key can't be read again."""

    tenant: Tenant
    key: Key


class Tenancy:
    """Makes and lists tenants, on the record of the platform and on their own."""

    def __init__(
        self, store: AccountStore, accounts: Accounts, operators: Operators, clock: Clock
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._operators = operators
        self._clock = clock

    async def all(self) -> list[Tenant]:
        """Every tenant, by id; the platform itself is none."""
        return [each for each in await self._store.tenants.all() if each.tenant != PLATFORM]

    async def tenant(self, id_: str) -> Tenant:
        """One of them. Raises NotFound."""
        found = await self._store.tenants.find(TenantId(id_))
        if found is None or found.tenant == PLATFORM:
            raise NotFound(f"There is no tenant {id_}.")
        return found

    async def found(
        self, caller: Caller, id_: str, name: str, *, owner: Newcomer | None
    ) -> Founded:
        """A new tenant with both its environments, a key and, if wanted, its first owner.

        Raises Invalid for what cannot be its id, Conflict where there is one or Sendwell makes it.
        """
        new = parse_tenant(id_)
        if new in {PLATFORM, SAMPLE}:
            raise Conflict(f"There is a tenant {new} already.", code="tenant_exists")
        more: list[Unit] = []
        if owner is not None:
            person = await self._operators.prepare(new, owner)
            appointed = self._operators.deed(caller, "operator.created", person, role="owner")
            more += [operator_rows.added(person), recorded(appointed)]
        now, key = self._clock.now(), new_key()  # after the password was hashed: that takes long
        tenant = Tenant(new, name, False, {}, now, edition=now)
        stored = StoredKey(key.id, new, "first", key.hash, now, created_by=caller.name)
        more += [
            key_rows.added(stored),
            *(
                recorded(Deed(whose, caller.name, "tenant.created", new, now))
                for whose in (PLATFORM, new)
            ),
        ]
        await self._accounts.add(tenant, *more)
        await self._accounts.ensure_environment(tenant.tenant, Environment.TEST)
        return Founded(tenant, key)

    async def ensure_key(self, key: Key) -> None:
        """The platform exists, and has this key."""
        await self._accounts.ensure_tenant(PLATFORM, "Platform", is_sandboxed=True)
        if await self._store.keys.find(key.id) is None:
            now = self._clock.now()
            made = StoredKey(key.id, PLATFORM, "platform", key.hash, now, scopes=ADMINISTRATOR)
            await self._store.keys.add(made)

    async def has_key(self) -> bool:
        """Whether somebody can administrate the platform."""
        return await self._store.keys.has_platform_key()

    async def has_had(self, key: Key) -> bool:
        """Whether that key was somebody's, revoked or not."""
        return await self._store.keys.find(key.id) is not None
