"""What a status means whoever the vendor is."""

from sendwell.adapters.http.fault import Code, Peer
from sendwell.adapters.http.retry_after import retry_after
from sendwell.domain.outcome import Deferred
from sendwell.ports.clock import Clock
from sendwell.ports.http import HttpAnswer

_NOT_NOW = {408: Code.NOT_NOW, 425: Code.NOT_NOW, 429: Code.THROTTLED}
_FIRST_SERVER_ERROR = 500


def decides_alone(status: int) -> bool:
    """Whether the status says all there is to know, even when the body is missing."""
    return status >= _FIRST_SERVER_ERROR or status in _NOT_NOW


def judge(answer: HttpAnswer, peer: Peer, clock: Clock) -> HttpAnswer | Deferred:
    """The answer for the vendor's file to interpret, or what it means for all of them."""
    status = answer.status
    if not decides_alone(status):
        return answer
    code = _NOT_NOW.get(status, Code.SERVER_ERROR)
    wait = retry_after(answer.headers.get("retry-after"), clock.now())
    return Deferred(peer.fault(code, f"answered {status}"), wait)
