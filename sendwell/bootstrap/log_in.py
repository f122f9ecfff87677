"""People's log-in: their passwords at the users role, their tokens by the one signer."""

from sendwell.bootstrap.accounts import AccountsRole
from sendwell.bootstrap.core import Core
from sendwell.roles.users.service.log_in import LogIn
from sendwell.roles.users.store import UserStore
from sendwell.runtime.deeds import Deeds


def build_log_in(core: Core, store: UserStore, accounts: AccountsRole) -> LogIn:
    """Log-in for the people in that store."""
    return LogIn(
        store.log_in,
        passwords=accounts.passwords,
        tokens=accounts.tokens,
        deeds=Deeds(accounts.audit, core.database, core.clock),
        clock=core.clock,
    )
