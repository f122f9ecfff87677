"""How much is planned together: so many notifications, or those to so many people."""

from collections.abc import Iterator
from itertools import islice

from sendwell.messages.requested import Requested

_MOST_PEOPLE = 512


def next_batch(requests: Iterator[Requested], most: int) -> list[Requested]:
    """The next of the requests, up to `most`, and no more once they have enough recipients: one
    commit is short, and others have their turn soon.
    """
    batch: list[Requested] = []
    people = 0
    for request in islice(requests, most):
        batch.append(request)
        people += len(request.to)
        if people >= _MOST_PEOPLE:
            break
    return batch
