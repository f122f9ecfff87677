"""The history beside the journal, where the settings name one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sendwell.bootstrap.core import Core
from sendwell.domain.ids import TenantId, UserId
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.directory import Directory
from sendwell.ports.history import History
from sendwell.roles.tracker.told import Named, events_of_moves, events_of_requests
from sendwell.runtime.chronicle.chronicle import Chronicle
from sendwell.runtime.flow import Message
from sendwell.runtime.process import Worker
from sendwell.runtime.scene import Scene
from sendwell.settings import require_driver


@dataclass(frozen=True, slots=True)
class Memory:
    """A history, and who tells it what happens."""

    history: History
    chronicle: Chronicle
    people: Directory

    @property
    def worker(self) -> Worker:
        """What tells it; to be stopped after all that happens."""
        return Worker("chronicle", self.chronicle.run, self.chronicle.stop)

    async def on_requested(self, batch: Sequence[Requested], scene: Scene) -> Sequence[Message]:
        """Remember what was accepted, with the unit that plans it."""
        erased = await self._erased_among(batch)
        self.chronicle.put(events_of_requests(batch, erased=erased), scene)
        return ()

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        """Remember the moves, with the unit that makes them."""
        self.chronicle.put(events_of_moves(batch), scene)
        return ()

    async def _erased_among(self, batch: Sequence[Requested]) -> set[Named]:
        """They were asked about a moment ago, to plan: this is answered from memory."""
        users: dict[TenantId, set[UserId]] = {}
        for request in batch:
            named = {to.user_id for to in request.to if to.user_id}
            users.setdefault(request.tenant, set()).update(named)
        return {
            (tenant, person.user_id)
            for tenant, named in users.items()
            for person in (await self.people.people(tenant, named)).values()
            if person.is_erased and person.user_id
        }


def open_history(core: Core, people: Directory) -> Memory | None:
    """The history on the Cassandra that HISTORY_URL names, hearing everything; else None.

    Raises Invalid, saying what to install, where the driver is not here.
    """
    url = core.settings.servers.history
    if url is None:
        return None
    require_driver("HISTORY_URL", url)
    from sendwell.adapters.history.cassandra import CassandraHistory

    history = CassandraHistory(url.text)
    core.process.at_close("history", history.close)
    chronicle = Chronicle(core.database, history, ids=core.ids, node=core.membership.node)
    memory = Memory(history, chronicle, people)
    core.flow.listen(Requested, memory.on_requested)
    core.flow.listen(Status, memory.on_status)
    return memory
