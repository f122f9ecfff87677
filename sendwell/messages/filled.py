"""A request of which only some recipients are known here, with what another copy of it knows."""

import msgspec

from sendwell.messages.requested import Requested, To

_NOBODY = To()


def lacks(request: Requested, place: int) -> bool:
    """Whether the recipient at that place is somebody else's to know."""
    if place >= len(request.to):
        return True
    return request.to[place] == _NOBODY and place not in request.erased


def filled(request: Requested, other: Requested) -> Requested:
    """The request with those recipients of the other copy that it did not know itself.

    Nothing else changes, and who was erased stays erased.
    """
    if len(request.to) >= len(other.to) and _NOBODY not in request.to:
        return request
    to = list(request.to) + [_NOBODY] * (len(other.to) - len(request.to))
    for place, theirs in enumerate(other.to):
        if lacks(request, place):
            to[place] = theirs
    return msgspec.structs.replace(request, to=tuple(to))
