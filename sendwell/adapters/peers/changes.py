"""Who has changed among the people of another service."""

import asyncio

import structlog

from sendwell.adapters.peers.peer import Peer
from sendwell.domain.errors import Unavailable
from sendwell.ports.directory import PeopleChanged
from sendwell.ports.questions import CHANGES, AskChanges

log = structlog.get_logger()
_EVERY_SECONDS = 2.0
"""With what is then looked for, a change is in force within 5 s."""
_MOST_SOURCES = 16
"""Processes of the service that are remembered: behind one address there may be several."""


class RemoteChanges:
    """Asks every 2 s, and hands on who has changed. `run` must run."""

    def __init__(
        self, peer: Peer, heard: PeopleChanged, *, seconds: float = _EVERY_SECONDS
    ) -> None:
        self._peer = peer
        self._heard = heard
        self._seconds = seconds
        self._seen: dict[str, int] = {}

    async def run(self) -> None:
        """Ask for ever. That there is no answer is logged once, until there is one again."""
        is_deaf = False
        while True:
            try:
                await self._ask()
                is_deaf = False
            except Unavailable as error:
                if not is_deaf:
                    log.warning("people.changes_not_heard", error=error.message)
                is_deaf = True
            await asyncio.sleep(self._seconds)

    async def _ask(self) -> None:
        found = await self._peer.ask(CHANGES, AskChanges(self._seen))
        self._seen.pop(found.source, None)
        self._seen[found.source] = found.number
        if len(self._seen) > _MOST_SOURCES:
            del self._seen[next(iter(self._seen))]
        for each in found.changed:
            self._heard(each)
