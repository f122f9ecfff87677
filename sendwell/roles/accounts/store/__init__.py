"""What the accounts role remembers, on a SQL database."""

from sendwell.domain.ids import TenantId
from sendwell.ports.audit import Deed
from sendwell.ports.database import Database
from sendwell.roles.accounts.store.audit import AuditStore
from sendwell.roles.accounts.store.keys import KeyStore
from sendwell.roles.accounts.store.operators import OperatorStore
from sendwell.roles.accounts.store.sessions import SessionStore
from sendwell.roles.accounts.store.tenants import TenantStore
from sendwell.roles.accounts.tables import LOGIN_TRY
from sendwell.runtime.login_tries import TryStore


class AccountStore:
    """Tenants, keys, operators, sessions and the audit log in one database."""

    def __init__(self, database: Database) -> None:
        self.tenants = TenantStore(database)
        self.keys = KeyStore(database)
        self.operators = OperatorStore(database)
        self.sessions = SessionStore(database)
        self.tries = TryStore(database, LOGIN_TRY)
        self.audit = AuditStore(database)

    async def deeds(self, tenant: TenantId, *, limit: int) -> list[Deed]:
        """What was done last in a tenant, the newest first."""
        return [each.deed for each in await self.audit.page(tenant, before=None, limit=limit)]
