"""Whose a message from a bus is by its own proof, where the broker is not trusted."""

from collections.abc import Mapping

from sendwell.domain.errors import Denied
from sendwell.domain.ids import TenantId
from sendwell.domain.permissions import Permission
from sendwell.messages.wire.headers import AUTHORIZATION
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reason import Reason
from sendwell.ports.tenants import Tenants

_SCHEME = "bearer"


class Proof:
    """Reads the token that a message bears: an access token, or an API key."""

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants

    async def tenant(self, headers: Mapping[str, str]) -> TenantId | Quarantined:
        """The organization that the token belongs to, or why nobody can tell.

        Raises Unavailable where whoever knows the tokens is away.
        """
        given = {value for name, value in headers.items() if name.lower() == AUTHORIZATION}
        if len(given) != 1:
            return _unproven("It bears no header authorization, or two different ones.")
        scheme, _, token = given.pop().partition(" ")
        if scheme.lower() != _SCHEME or not token:
            return _unproven("Its header authorization is not Bearer and a token.")
        try:
            caller = await self._tenants.caller(token)
        except Denied as error:
            return _unproven(f"Its token is not good: {error.message}")
        if Permission.NOTIFICATIONS_SEND not in caller.permissions:
            return _unproven("Its token is good, but not for sending notifications.", caller.tenant)
        return caller.tenant


def _unproven(why: str, tenant: TenantId | None = None) -> Quarantined:
    return Quarantined(Reason.UNPROVEN, why, tenant=tenant)
