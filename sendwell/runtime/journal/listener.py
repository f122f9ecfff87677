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
    """The handler for tasks of what came by a bus: their unit fails where one has ended already.

    Somebody else may have taken the same one, sent and settled it, since we looked. It is asked
    behind the writing of them, for that waits until who settles one has committed.
    """

    async def on_tasks(batch: Sequence[Task], scene: Scene) -> Sequence[Message]:
        if scene.arrived:
            tasks = [task for task in batch if task.request.position in scene.arrived]
            scene.write(
                journal.unless_ended([(task.request.position, task.part) for task in tasks])
            )
        return ()

    return on_tasks
