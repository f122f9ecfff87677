"""What everybody asks the accounts role."""

from dataclasses import dataclass
from typing import Protocol

from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: a tenant's key, or the sample tenant without one."""

    tenant: TenantId
    name: str
    is_anonymous: bool = False


class Tenants(Protocol):
    """Tenants, their keys and rules, read-only. Answers may be cached for at most 60 s."""

    async def caller(self, key: str) -> Caller:
        """Whose key that is. Raises Denied (is_unknown) for a wrong, revoked or unknown one."""
        ...

    def policy(self, tenant: TenantId) -> Policy:
        """The tenant's rules. Never waits: they are kept in memory and refreshed on change."""
        ...
