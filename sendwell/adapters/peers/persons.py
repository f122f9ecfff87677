"""People's sessions, which the users role in another service knows."""

from sendwell.adapters.peers.memory import Memory
from sendwell.adapters.peers.peer import Peer
from sendwell.domain.errors import Denied
from sendwell.ports.clock import Clock
from sendwell.ports.questions import PERSON, AskCaller
from sendwell.ports.tenants import Caller

_SECONDS = 60


class RemotePersons:
    """The port Persons."""

    def __init__(self, peer: Peer, *, clock: Clock) -> None:
        self._peer = peer
        self._callers: Memory[str, Caller] = Memory(clock, seconds=_SECONDS)

    async def caller(self, token: str) -> Caller:
        """See the port."""
        if known := self._callers.find(token):
            return known[0]
        found = await self._peer.ask(PERSON, AskCaller(token))
        if found.caller is None:
            raise Denied(found.refusal, is_unknown=True)
        self._callers.keep(token, found.caller, seconds=min(_SECONDS, found.seconds))
        return found.caller
