"""What is done in this process goes on record, where the record is in another database."""

from functools import partial

from sendwell.adapters.peers.record import RemoteRecord
from sendwell.bootstrap.accounts import AccountsRole
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.ports import Ports
from sendwell.ports.audit import Audit, Record
from sendwell.ports.database import Database
from sendwell.runtime.process import Worker
from sendwell.runtime.record.audit_outbox import AuditOutbox


def audit_on(core: Core, database: Database, accounts: AccountsRole) -> Audit:
    """The audit log for transactions on that database."""
    if database is core.database:
        return accounts.audit
    return AuditOutbox(database, new_id=core.ids.notification)


def start_couriers(core: Core, accounts: AccountsRole, people: Audit, ports: Ports) -> None:
    """Deeds go on their way, where the log is elsewhere."""
    here = core.settings.roles
    record: Record = RemoteRecord(ports.find("accounts"))
    if "accounts" in here:
        record = accounts.accounts
    outboxes = {"record": accounts.audit}
    if people is not accounts.audit and "users" in here:
        outboxes["record of people"] = people
    for name, outbox in outboxes.items():
        if isinstance(outbox, AuditOutbox):
            core.process.start(Worker(name, partial(outbox.run, record)))
