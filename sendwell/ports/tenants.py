"""What everybody asks the accounts role."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sendwell.domain.ids import TenantId, UserId
from sendwell.domain.permissions import WITHIN_TENANT, Permissions, Role
from sendwell.domain.policy import Policy

PERSON = "person"
"""Any of a tenant's people, as the audit log calls them."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a tenant's key, an operator, or the sample tenant without either."""

    tenant: TenantId
    name: str
    permissions: Permissions = WITHIN_TENANT
    credential: str = ""
    """By what they are known: `key:<id>` or `session:<id>`."""
    operator: str | None = None
    """The operator's id, where a person is asking."""
    role: Role | None = None
    person: UserId | None = None
    """The person who has logged in, where it is one of the tenant's people. They may do what
    `permissions.PERSON` says and have no permission."""

    @property
    def actor(self) -> str:
        """Who they are on the audit log: one of the people is not named, for it forgets nobody."""
        return self.name if self.person is None else PERSON


class Persons(Protocol):
    """People who have logged in. Answers may be cached for at most 60 s."""

    async def caller(self, token: str) -> Caller:
        """Whose token that is. Raises Denied (is_unknown) for one that is not good here."""
        ...


RulesChanged = Callable[[TenantId, Policy, Policy], None]
"""Called with a tenant's rules as they were and as they are."""


class Tenants(Protocol):
    """Tenants, their keys and rules, read-only. Answers may be cached for at most 60 s."""

    async def caller(self, key: str) -> Caller:
        """Whose key or token that is. Raises Denied (is_unknown) for one that is not good here."""
        ...

    def policy(self, tenant: TenantId) -> Policy:
        """The tenant's rules. Never waits: they are kept in memory and refreshed on change."""
        ...
