"""What both sinks share: a server that outlives the product, and a temper."""

import asyncio
from abc import ABC, abstractmethod
from enum import Enum, auto
from random import Random
from types import TracebackType
from typing import Self

from tests.chaos.clock import now
from tests.chaos.evidence import Call

_SHORTEST, _LONGEST = 0.010, 0.080


class Temper(Enum):
    """How a sink meets a delivery that has come in full."""

    TAKE = auto()
    TAKE_SLOWLY = auto()
    REFUSE = auto()
    LOSE_ANSWER = auto()
    """It is taken, and the connection ends before the answer."""


_WEIGHTS = {Temper.TAKE: 45, Temper.TAKE_SLOWLY: 45, Temper.REFUSE: 6, Temper.LOSE_ANSWER: 4}


class Sink(ABC):
    """Takes deliveries while its context lasts. `calls` are all that came, in order."""

    def __init__(self, chance: Random) -> None:
        self.calls: list[Call] = []
        self.port = 0
        self.chance = chance
        self._conversations: set[asyncio.Task[None]] = set()

    @abstractmethod
    async def converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connected_at: int
    ) -> None:
        """Take what comes over one connection, until the other side leaves it."""

    async def meet(
        self,
        writer: asyncio.StreamWriter,
        call: Call,
        *,
        answer: bytes,
        refusal: bytes,
        temper: Temper | None = None,
    ) -> None:
        """Note a call and answer it by temper, a random one if none is given."""
        temper = temper or self._temper()
        call.is_taken = temper is not Temper.REFUSE
        self.calls.append(call)
        if temper is Temper.LOSE_ANSWER:
            writer.transport.abort()
            return
        if temper is Temper.TAKE_SLOWLY:
            await asyncio.sleep(self.chance.uniform(_SHORTEST, _LONGEST))
        writer.write(refusal if temper is Temper.REFUSE else answer)
        await writer.drain()
        call.is_answered = True

    def _temper(self) -> Temper:
        return self.chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. That the other side dies in the middle of a word is what we are for."""
        conversation = asyncio.current_task()
        assert conversation is not None
        self._conversations.add(conversation)
        try:
            await self.converse(reader, writer, now())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._conversations.discard(conversation)
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._welcome, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for conversation in tuple(self._conversations):
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
