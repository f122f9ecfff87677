"""What a notification takes of a window that is bounded in number and in bytes alike.

A window of 4,096 is 32 MiB of them at most: a short one counts as one, a long one for more.
"""

from sendwell.messages.requested import Requested
from sendwell.messages.task import Task

_UNIT_BYTES = 8 * 1024
_ADDRESS_BYTES = 128


def weight(request: Requested) -> int:
    """For how many short ones it counts."""
    return 1 + _size(request) // _UNIT_BYTES


def share(task: Task) -> int:
    """The same for one of its deliveries: all that wait of them have the request together."""
    request = task.request
    return 1 + _size(request) // (_UNIT_BYTES * max(1, len(request.to)))


def _size(request: Requested) -> int:
    size = _ADDRESS_BYTES * len(request.to) + len(request.data) + len(request.metadata)
    if content := request.content:
        size += len(content.subject or "") + len(content.text or "") + len(content.html or "")
        size += len(content.title or "") + len(content.body or "")
        if content.data:
            size += sum(map(len, content.data.values()))
    if request.original:
        size += len(request.original.body)
    return size
