"""The workers of the roles that run in this process."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.edge import Edge
from sendwell.bootstrap.history import Memory
from sendwell.domain.presets.streams import LogicalStream
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.roles.receipts.service import Receipts
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.cluster.takeover import Adopts, TakeOver
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.journal.sweep import OldestOpen, Sweep
from sendwell.runtime.process import Worker


@dataclass(frozen=True, slots=True)
class AtWork:
    """The roles that do something by themselves."""

    gateway: Gateway
    orchestrator: Orchestrator
    delivery: Delivery
    receipts: Receipts
    backlog: Backlog
    oldest_open: OldestOpen
    sweeps: Sequence[Callable[[int], Awaitable[None]]] = ()
    """What else is to be forgotten in time."""
    adopting: Sequence[Adopts] = ()
    """Who else goes on with what another process has left."""


async def start_workers(
    core: Core,
    at_work: AtWork,
    *,
    edge: Edge | None,
    copies: Copies | None,
    memory: Memory | None = None,
) -> None:
    """Pick up what an earlier process left, and go on; they are stopped in this order."""
    here, workers = core.settings.roles, list[Worker]()
    adopting: list[Adopts] = [*at_work.adopting]
    if "gateway" in here:
        gateway = at_work.gateway
        workers.append(Worker("gateway", gateway.run, gateway.close))
        planning, adopts = _planning(at_work, edge, copies)
        workers.append(planning)
        adopting.append(adopts)
        at_work.backlog.recover()
    if "delivery" in here:
        delivery = at_work.delivery
        workers.append(Worker("delivery", delivery.run, delivery.stop))
        adopting.insert(0, delivery)
        await delivery.recover()
    receipts = at_work.receipts
    workers.append(Worker("receipts", receipts.run, receipts.stop))
    sweep = Sweep(
        core.journal,
        core.clock,
        retention=core.settings.retention,
        oldest_open=at_work.oldest_open,
        part=core.house.part,
        also=at_work.sweeps,
    )
    workers.append(Worker("sweep", sweep.run))
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


def _planning(at_work: AtWork, edge: Edge | None, copies: Copies | None) -> tuple[Worker, Adopts]:
    """Who takes up what was accepted: the planner, or who hands it on by a bus."""
    if edge is None or not edge.carries(LogicalStream.ACCEPTED):
        return Worker("orchestrator", at_work.orchestrator.run), at_work.orchestrator
    is_parted = edge.parts(LogicalStream.ACCEPTED)
    forwarder = edge.forwarder(
        at_work.backlog,
        give_up=at_work.orchestrator.bury,
        also=copies.accepted if copies and is_parted else None,
    )
    return Worker("forwarder", forwarder.run), forwarder
