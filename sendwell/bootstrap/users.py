"""The users role, with all that people and operators can ask of it."""

from dataclasses import dataclass

from sendwell.bootstrap.accounts import AccountsRole
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.database import open_users
from sendwell.bootstrap.log_in import build_log_in
from sendwell.bootstrap.record import audit_on
from sendwell.ports.audit import Audit
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.imports import Imports
from sendwell.roles.users.service.log_in import LogIn
from sendwell.roles.users.service.stop_words import StopWords
from sendwell.roles.users.service.suppression_list import SuppressionList
from sendwell.roles.users.store import UserStore
from sendwell.runtime.cluster.news import News
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.process import Worker


@dataclass(frozen=True, slots=True)
class UsersRole:
    """The role, where it keeps people, and the services behind its routes."""

    store: UserStore
    users: Users
    log_in: LogIn
    suppressions: SuppressionList
    stop_words: StopWords
    imports: Imports
    audit: Audit
    """The log for what is done to people."""


async def build_users(core: Core, accounts: AccountsRole) -> UsersRole:
    """Build the role on its database."""
    database = await open_users(core.house, core.settings, core.process)
    store, clock, audit = UserStore(database), core.clock, audit_on(core, database, accounts)
    deeds = Deeds(accounts.audit, core.database, clock)
    news = News("users", core.signals, database=core.database)
    users = Users(store, clock=clock, news=news, deeds=deeds, audit=audit)
    imports = Imports(store.imports, users=users, clock=clock, ids=core.ids)
    if "users" in core.settings.roles:
        core.process.start(Worker("imports", imports.run))
    return UsersRole(
        store,
        users,
        log_in=build_log_in(core, store, accounts),
        suppressions=SuppressionList(store.suppressions, users, deeds=deeds, clock=clock),
        stop_words=StopWords(store.holders, store.suppressions, users, clock=clock),
        imports=imports,
        audit=audit,
    )
