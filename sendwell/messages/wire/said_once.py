"""Tasks of one notification in one letter: the first one says its request, the others name it.

A notification to a thousand recipients names them all in each of a thousand tasks.
"""

from collections.abc import Sequence

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import NotificationId, Position, TenantId
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task


def is_repeated(tasks: Sequence[Task]) -> bool:
    """Whether several of the tasks have one request."""
    return len({task.request.position for task in tasks}) < len(tasks)


def said_once(tasks: Sequence[Task]) -> list[Task]:
    """The tasks as they travel. To be made whole by who reads them."""
    said: set[Position] = set()
    told = []
    for task in tasks:
        position = task.request.position
        told.append(_naming(task, position) if position in said else task)
        said.add(position)
    return told


def make_whole(tasks: Sequence[Task]) -> None:
    """Each of the tasks has its request again. Raises Invalid for one that nobody says."""
    whole = {task.request.position: task.request for task in tasks if task.request.to}
    for task in tasks:
        if task.request.position not in whole:
            raise Invalid(f"It has a task of {task.request.position}, and not what was requested.")
        task.request = whole[task.request.position]


def _naming(task: Task, position: Position) -> Task:
    name = Requested(NotificationId(""), TenantId(""), position, 0, "", 0, to=())
    return msgspec.structs.replace(task, request=name)
