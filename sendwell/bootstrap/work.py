"""The workers of the roles that run in this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.history import Memory
from sendwell.bootstrap.links import Links
from sendwell.bootstrap.sending import Sending
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.requested import Requested
from sendwell.messages.wire.letter import Letter
from sendwell.roles.gateway.forward import Forwarder, Letters
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.receipts.service import Receipts
from sendwell.runtime.cluster.takeover import Adopts, TakeOver
from sendwell.runtime.journal.sweep import Sweep
from sendwell.runtime.process import Worker
from sendwell.runtime.quarantine.quarantine import QuarantineStore


@dataclass(frozen=True, slots=True)
class AtWork:
    """The roles that do something by themselves."""

    gateway: Gateway
    sending: Sending
    receipts: Receipts
    inbox: Inbox
    adopting: Sequence[Adopts] = ()
    """Who else goes on with what another process has left."""


async def start_workers(
    core: Core, at_work: AtWork, links: Links, *, memory: Memory | None = None
) -> None:
    """Pick up what an earlier process left, and go on; they are stopped in this order."""
    here, workers = core.settings.roles, list[Worker]()
    adopting: list[Adopts] = [*at_work.adopting]
    if "gateway" in here:
        gateway = at_work.gateway
        workers.append(Worker("gateway", gateway.run, gateway.close))
        planning, adopts = _planning(at_work.sending, links)
        workers.append(planning)
        adopting.append(adopts)
        at_work.sending.backlog.recover()
    if "delivery" in here:
        delivery = at_work.sending.delivery
        workers.append(Worker("delivery", delivery.run, delivery.stop))
        adopting.insert(0, delivery)
        await delivery.recover()
    receipts, quarantine = at_work.receipts, QuarantineStore(core.database)
    workers.append(Worker("receipts", receipts.run, receipts.stop))
    sweep = Sweep(
        core.journal,
        core.clock,
        retention=core.settings.retention,
        open_among=links.open_among,
        part=core.house.part,
        agreed=core.house.agreed,
        also=links.sweeps,
        following=(
            at_work.sending.letters.forget,
            receipts.forget,
            at_work.inbox.forget,
            quarantine.forget,
        ),
    )
    workers.append(Worker("sweep", sweep.run))
    edge = links.edge
    if edge is not None:
        adopting.append(edge.outbox)
    if memory is not None:
        adopting.append(memory.chronicle)
    workers.append(Worker("membership", partial(core.membership.keep, TakeOver(*adopting))))
    for worker in workers:
        core.process.start(worker)
    if edge is not None:
        core.process.start(Worker("outbox", edge.outbox.run, edge.outbox.stop))
    if memory is not None:
        core.process.start(memory.worker)


def _planning(sending: Sending, links: Links) -> tuple[Worker, Adopts]:
    """Who takes up what was accepted: the planner, or who hands it on by a bus."""
    edge, copies = links.edge, links.copies
    if edge is None or not edge.carries(LogicalStream.ACCEPTED):
        return Worker("orchestrator", sending.orchestrator.run), sending.orchestrator
    told: list[Letters] = [edge.copied]
    if copies is not None and edge.parts(LogicalStream.ACCEPTED):
        told.append(copies.accepted)
    told.append(copies.to_plan if copies and edge.packs_accepted else edge.accepted)

    def letters(requests: Sequence[Requested]) -> list[Letter]:
        return [letter for tell in told for letter in tell(requests)]

    forwarder = Forwarder(
        sending.backlog,
        edge.core.journal,
        edge.bus,
        letters=letters,
        give_up=sending.orchestrator.bury,
    )
    return Worker("forwarder", forwarder.run), forwarder
