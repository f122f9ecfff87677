"""A request without what is personal of some of its recipients."""

from collections.abc import Collection

import msgspec

from sendwell.messages.requested import NOTHING, Requested, To

_NOBODY = To()


def emptied(request: Requested, places: Collection[int]) -> Requested:
    """The request once the recipients at these places are erased.

    Nothing in it says any more who they were: neither their id nor an address. The words and the
    data go with the last recipient; until then they belong to the others as well. What the producer
    wrote names them all, and goes with the first one. What counts, and what others know it by,
    stays: ids, event type, channels, times, template.
    """
    erased = {*request.erased, *places}
    to = tuple(_NOBODY if place in erased else each for place, each in enumerate(request.to))
    request = msgspec.structs.replace(request, to=to, erased=tuple(sorted(erased)), original=None)
    if len(erased) < len(request.to):
        return request
    return msgspec.structs.replace(
        request, content=None, data=NOTHING, metadata=NOTHING, timezone=None
    )
