"""What the journal hears: every Status, to put it on record in the same unit; and arrived tasks."""

from collections.abc import Sequence

from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.journal import Journal
from sendwell.runtime.flow import Handler, Message
from sendwell.runtime.scene import Scene


def recorder(journal: Journal) -> Handler:
    """The handler for Status."""

    async def on_status(batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        scene.write(journal.recorded(batch))
        return ()

    return on_status


def refuser(journal: Journal) -> Handler:
    """The handler for tasks that have come by a bus: their unit fails where one has ended already.

    Another process may have taken the same task, sent and settled it, since we looked.
    """

    async def on_tasks(batch: Sequence[Task], scene: Scene) -> Sequence[Message]:
        parts = [(task.request.position, task.part) for task in batch]
        scene.write(journal.unless_ended(parts))
        return ()

    return on_tasks
