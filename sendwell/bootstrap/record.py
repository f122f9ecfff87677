"""What is done in this process goes on record, where the record is another service's."""

from functools import partial

from sendwell.adapters.peers.record import RemoteRecord
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.ports import Ports
from sendwell.ports.audit import Audit
from sendwell.runtime.process import Worker
from sendwell.runtime.record.courier import Courier


def start_courier(core: Core, audit: Audit, ports: Ports) -> None:
    """Deeds go on their way, where the log is elsewhere."""
    if isinstance(audit, Courier):
        run = partial(audit.run, RemoteRecord(ports.find("accounts")))
        core.process.start(Worker("record", run))
