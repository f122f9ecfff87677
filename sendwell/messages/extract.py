"""`Extract`: what one process has put on record, for those with a database of their own."""

import msgspec

from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task


class Extract(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Written in the transaction that it tells of; whoever reads it keeps a copy.

    `database` is where the originals are: who shares that database has them already.
    """

    id: str
    database: str
    sender: str
    """The service that has put it on record."""
    requested: tuple[Requested, ...] = ()
    tasks: tuple[Task, ...] = ()
    """Deliveries that somebody has taken on."""
    statuses: tuple[Status, ...] = ()
    dead: tuple[Dead, ...] = ()
    version: int = 1
