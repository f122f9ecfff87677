"""The local bus: what one role says is heard by the next one inside the same transaction.

That is fusion (docs/decisions/0002): neighbouring roles share this process and database, so
their steps are one commit and the outbox rows between them are left out. Handlers cannot tell.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.grouping import group
from sendwell.messages.dead import Dead
from sendwell.messages.extract import Extract
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.clock import Clock
from sendwell.ports.database import Database
from sendwell.runtime.scene import Scene

Message = Requested | Task | Status | Dead | Extract
Handler = Callable[[Sequence[Any], Scene], Awaitable[Sequence[Message]]]
log = structlog.get_logger()


class Flow:
    """Hands batches of messages to whoever listens and commits what they did, once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._handlers: dict[type, list[Handler]] = {}

    def listen(self, kind: type, handler: Handler) -> None:
        """From now on `handler` gets every batch of messages of that kind."""
        self._handlers.setdefault(kind, []).append(handler)

    async def run(self, messages: Sequence[Message], *, is_urgent: bool = False) -> None:
        """Hand the messages on, and what is said about them, and commit it all as one unit.

        Raises what a handler or the database raised; nothing is stored then.
        """
        await self.say(lambda _: messages, is_urgent=is_urgent)

    async def say(
        self, speaker: Callable[[Scene], Sequence[Message]], *, is_urgent: bool = False
    ) -> None:
        """Like `run`, for messages that come with writes of their own in the same unit."""
        scene = Scene(self._clock.now())
        cancelled = None
        try:
            await self._hand_on(speaker(scene), scene)
            if scene.unit:
                cancelled = await self._store(scene, is_urgent=is_urgent)
        except BaseException:
            scene.failed()
            raise
        scene.committed()
        if cancelled:
            raise cancelled

    async def _store(self, scene: Scene, *, is_urgent: bool) -> asyncio.CancelledError | None:
        """Commit to the end, even if this task is cancelled meanwhile.

        Gives that CancelledError, to be raised when the scene is committed; None if nobody did.
        The unit travels with others and cannot be called back. What it claims must be sent, or
        else the next process finds attempts of which it cannot know that they never began.
        """
        storing = asyncio.ensure_future(self._database.commit(scene.unit, is_urgent=is_urgent))
        try:
            await asyncio.shield(storing)
        except asyncio.CancelledError as cancelled:
            await asyncio.wait([storing])
            if storing.cancelled() or storing.exception():
                raise
            return cancelled
        return None

    async def run_apart(
        self,
        messages: Sequence[Message],
        poisoned: Callable[[Message, Exception], Awaitable[None]],
        *,
        is_urgent: bool = False,
    ) -> None:
        """Like `run`, but a message that cannot be handled fails alone, and goes to `poisoned`."""
        try:
            await self.run(messages, is_urgent=is_urgent)
        except Exception as error:
            if len(messages) == 1:
                if not isinstance(error, Unavailable):  # whoever is away tells so itself
                    log.exception("flow.poisoned", kind=type(messages[0]).__name__)
                await poisoned(messages[0], error)
                return
            for message in messages:
                await self.run_apart([message], poisoned, is_urgent=is_urgent)

    async def _hand_on(self, messages: Sequence[Message], scene: Scene) -> None:
        for kind, batch in group(messages, by=type).items():
            for handler in self._handlers.get(kind, ()):
                said = await handler(batch, scene)
                if said:
                    await self._hand_on(said, scene)
