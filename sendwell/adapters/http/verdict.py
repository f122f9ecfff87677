"""What a status means whoever the vendor is."""

from collections.abc import Container

from sendwell.adapters.http.fault import Code, Peer
from sendwell.adapters.http.retry_after import retry_after
from sendwell.domain.outcome import Deferred, Unknown
from sendwell.ports.clock import Clock
from sendwell.ports.http import HttpAnswer

_NOT_NOW = {408: Code.NOT_NOW, 425: Code.NOT_NOW, 429: Code.THROTTLED}
_IN_DOUBT = frozenset({502, 504})
"""A gateway has handed it on, and does not know either (RFC 9110, 15.6.3 and 15.6.5)."""
_FIRST_SERVER_ERROR = 500


def decides_alone(status: int) -> bool:
    """Whether the status says all there is to know, even when the body is missing."""
    return status >= _FIRST_SERVER_ERROR or status in _NOT_NOW


def is_in_doubt(status: int) -> bool:
    """Whether nobody knows what became of a request, had it been there as a whole."""
    return status in _IN_DOUBT


def judge(
    answer: HttpAnswer, peer: Peer, clock: Clock, *, interprets: Container[int]
) -> HttpAnswer | Deferred | Unknown:
    """The answer for the vendor's file to interpret, or what it means for all of them."""
    status = answer.status
    if not decides_alone(status):
        return answer
    wait = retry_after(answer.headers.get("retry-after"), clock.now())
    if status in interprets:
        return answer._replace(wait=wait)
    what = f"answered {status}"
    if is_in_doubt(status):
        return Unknown(peer.fault(Code.GATEWAY, what), wait)
    return Deferred(peer.fault(_NOT_NOW.get(status, Code.SERVER_ERROR), what), wait)
