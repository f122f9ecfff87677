"""Who hears what is said in this process, and what is told to others."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.edge import Edge
from sendwell.bootstrap.links import Links
from sendwell.bootstrap.sending import Sending
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.dead import Dead
from sendwell.messages.extract import Extract
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.messages.wire.handed_on import tasks_in
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.receipts.service import Receipts
from sendwell.runtime import measures
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.flow import Handler, Message
from sendwell.runtime.journal.listener import recorder, refuser
from sendwell.runtime.outbox.refused import Refused
from sendwell.runtime.scene import Scene


def connect(core: Core, sending: Sending, receipts: Receipts, links: Links) -> None:
    """Connect them. The journal comes first: a Status is the history row."""
    flow, here = core.flow, core.settings.roles
    flow.listen(Requested, sending.orchestrator.on_requested)
    if links.plans is not None:
        flow.listen(Requested, links.plans.on_requested)
    flow.listen(Requested, measures.on_requested)
    flow.listen(Task, _taker(sending.delivery, links.edge, links.copies))
    flow.listen(Task, refuser(core.journal))
    flow.listen(Status, recorder(core.journal))
    if "orchestrator" in here:
        flow.listen(Status, sending.orchestrator.on_status)
    flow.listen(Status, measures.on_status)
    if "tracker" in here:
        flow.listen(Dead, sending.letters.on_dead)
    flow.listen(Dead, measures.on_dead)
    if links.edge is not None:
        flow.listen(Status, links.edge.announcements.on_status)
        flow.listen(Dead, links.edge.announcements.on_dead)
        links.edge.outbox.end_refused_by(_refused(core, sending, links.edge).end)
    flow.listen(Status, receipts.on_status)
    core.inward.listen(Task, sending.delivery.on_tasks)
    core.inward.listen(Task, refuser(core.journal))
    if links.copies is not None:
        _connect_copies(core, sending, receipts, copies=links.copies)


def _taker(delivery: Delivery, edge: Edge | None, copies: Copies | None) -> Handler:
    """Who takes tasks that are said in this process."""
    if edge is None or not edge.carries(LogicalStream.TASK):
        return delivery.on_tasks
    return copies.on_handed_on if copies and edge.packs_tasks else edge.announcements.on_tasks


def _refused(core: Core, sending: Sending, edge: Edge) -> Refused:
    return Refused(
        core.flow,
        edge.preset,
        tasks_in=partial(tasks_in, packer=edge.packer(), opening=edge.opening()),
        bury=sending.orchestrator.bury_tasks,
        tell=edge.announcements.tell_quarantined,
    )


def _connect_copies(core: Core, sending: Sending, receipts: Receipts, *, copies: Copies) -> None:
    """What is put on record here is told; what others tell is heard as if it was said here."""
    flow, here = core.flow, core.settings.roles
    flow.listen(Requested, copies.on_planned)
    flow.listen(Status, copies.on_status)
    if "tracker" not in here:
        flow.listen(Dead, copies.on_dead)
    for taking in (flow, core.inward):
        taking.listen(Task, copies.on_taken)
    flow.listen(Extract, copies.on_extract)
    flow.listen(Extract, _heard(receipts.on_status, lambda extract: extract.statuses))
    if "orchestrator" in here:
        on_status = sending.orchestrator.on_status
        flow.listen(Extract, _heard(on_status, lambda extract: extract.statuses))
    if "tracker" in here:
        flow.listen(Extract, _heard(sending.letters.on_dead, lambda extract: extract.dead))


def _heard(handler: Handler, part: Callable[[Extract], Sequence[Any]]) -> Handler:
    async def on_extract(batch: Sequence[Extract], scene: Scene) -> Sequence[Message]:
        told = [each for extract in batch for each in part(extract)]
        return await handler(told, scene) if told else ()

    return on_extract
