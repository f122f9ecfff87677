"""Everything of this role that has to do with who may come in."""

from dataclasses import dataclass

from sendwell.roles.accounts.service.audit_log import AuditLog
from sendwell.roles.accounts.service.clients import Clients
from sendwell.roles.accounts.service.keys import Keys
from sendwell.roles.accounts.service.operators import Operators
from sendwell.roles.accounts.service.sessions import Sessions
from sendwell.roles.accounts.service.single_sign_on import SingleSignOn
from sendwell.roles.accounts.service.tenants import Tenancy


@dataclass(frozen=True, slots=True)
class Access:
    """The services behind the routes."""

    operators: Operators
    sessions: Sessions
    keys: Keys
    clients: Clients
    tenancy: Tenancy
    audit: AuditLog
    single_sign_on: SingleSignOn | None
    """None where no OIDC provider is set."""
