"""The delivery role in other services: one, or one for each channel."""

import asyncio
from collections.abc import Sequence

from sendwell.adapters.peers.peer import Peer
from sendwell.domain.errors import Unavailable
from sendwell.messages.requested import Requested
from sendwell.ports.questions import CANCEL, Cancel, Cancelled


class RemoteDelivery:
    """What the API asks of it."""

    def __init__(self, peers: Sequence[Peer]) -> None:
        self._peers = peers

    async def cancel(self, request: Requested) -> Cancelled:
        """Stop what has not gone out yet, wherever it is, and let what is in flight go no further.

        Raises Unavailable where one of them could not be asked; what the others have stopped stays
        so, and asking again asks them all.
        """
        asked = Cancel(request.tenant, request.position)
        answers = await asyncio.gather(
            *(peer.ask(CANCEL, asked) for peer in self._peers), return_exceptions=True
        )
        stopped: list[str] = []
        in_flight: list[str] = []
        for answer in answers:
            if isinstance(answer, BaseException):
                raise _still(stopped, answer)
            stopped += answer.parts
            in_flight += answer.in_flight
        return Cancelled(stopped, in_flight)


def _still(stopped: Sequence[str], error: BaseException) -> BaseException:
    if not stopped or not isinstance(error, Unavailable):
        return error
    text = f"{error.message} Stopped so far: {', '.join(stopped)}."
    return Unavailable(text, retry_after=error.retry_after)
