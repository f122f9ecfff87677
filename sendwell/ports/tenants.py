"""What everybody asks the accounts role."""

from dataclasses import dataclass
from typing import Protocol

from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import WITHIN_TENANT, Permissions, Role
from sendwell.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a tenant's key, an operator, or the sample tenant without either."""

    tenant: TenantId
    name: str
    is_anonymous: bool = False
    permissions: Permissions = WITHIN_TENANT
    credential: str = ""
    """By what they are known: `key:<id>` or `session:<id>`."""
    operator: str | None = None
    """The operator's id, where a person is asking."""
    role: Role | None = None


class Tenants(Protocol):
    """Tenants, their keys and rules, read-only. Answers may be cached for at most 60 s."""

    async def caller(self, key: str) -> Caller:
        """Whose key or token that is. Raises Denied (is_unknown) for one that is not good here."""
        ...

    def policy(self, tenant: TenantId) -> Policy:
        """The tenant's rules. Never waits: they are kept in memory and refreshed on change."""
        ...
