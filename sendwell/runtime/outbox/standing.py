"""Streams that the broker does not take while it does answer: they wait by themselves.

What is for them waits on disk, out of the way of all other letters; the oldest ones are tried again
and again, until they are taken. Then the rest follows, in order.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence

import structlog
from sqlalchemy import update

from sendwell.domain.errors import Invalid, SendwellError, Unavailable
from sendwell.domain.ids import Node
from sendwell.domain.pauses import Pauses
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus, Stream
from sendwell.ports.database import Database, Write
from sendwell.runtime.handed_over import hand_over
from sendwell.runtime.outbox import hot
from sendwell.runtime.outbox.tables import OUTBOX, aside
from sendwell.runtime.streams import by_stream, stream_of

log = structlog.get_logger()
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0

Numbered = tuple[int, Letter]


class Standing:
    """Those of one process; `wake` is called when one of them may go on."""

    def __init__(
        self, database: Database, bus: Bus, node: Node, *, wake: Callable[[], None]
    ) -> None:
        self._database = database
        self._bus = bus
        self._node = node
        self._wake = wake
        self._oldest: dict[Stream, Sequence[Numbered]] = {}
        self._trying: asyncio.Task[list[Stream]] | None = None
        self._told: set[Stream] = set()

    @property
    def may_go_on(self) -> bool:
        """Whether one was tried again with success, and nobody has asked since."""
        return self._trying is not None and self._trying.done()

    async def is_the_broker_there(self) -> bool:
        """Whether it answers, though it has just not taken something."""
        try:
            await self._bus.ping()
        except SendwellError:
            return False
        return True

    def among(self, letters: Sequence[Numbered]) -> set[int]:
        """Which of these are for streams that stand still."""
        if not self._oldest:
            return set()
        return {number for number, letter in letters if stream_of(letter.stream) in self._oldest}

    async def add(self, stream: Stream, letters: Sequence[Numbered]) -> None:
        """From now on it stands still; these are the oldest for it."""
        await self.put_aside([number for number, _ in letters])
        self._oldest[stream] = letters
        self._try()

    async def put_aside(self, numbers: Collection[int]) -> None:
        """They are not read any more until a stream goes on."""
        change = update(OUTBOX).where(OUTBOX.c.number.in_(numbers))
        await self._database.execute(change.values(node=aside(self._node)))

    async def has_gone_on(self) -> bool:
        """Whether a stream goes on: then what was put aside is to be read again, before all else.
        What is for others is put aside once more as it is met.
        """
        if self._trying is None or not self.may_go_on:
            return False
        went, self._trying = self._trying.result(), None
        if went:
            done = [number for stream in went for number, _ in self._oldest[stream]]
            await self._database.commit([Write(hot.remove, done)])
            await self.take_back()
            for stream in went:
                self._end(stream)
        self._try()
        return bool(went)

    async def take_back(self) -> None:
        """All that was put aside is read again."""
        left_under = [aside(self._node)]
        await hand_over(self._database, OUTBOX, left_under=left_under, to=self._node)

    async def forget(self) -> None:
        """Nothing stands still, as far as is known."""
        self._oldest.clear()
        self._told.clear()
        if self._trying is not None:
            trying, self._trying = self._trying, None
            trying.cancel()
            await asyncio.wait({trying})

    def _try(self) -> None:
        if self._oldest and self._trying is None:
            self._trying = asyncio.create_task(self._tried())
            self._trying.add_done_callback(lambda _: self._wake())

    async def _tried(self) -> list[Stream]:
        """Streams whose oldest letters were taken at last; it takes as long as that takes."""
        pauses = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            await asyncio.sleep(pauses.take())
            if went := [stream for stream in list(self._oldest) if await self._is_taken(stream)]:
                return went

    async def _is_taken(self, stream: Stream) -> bool:
        parcels = by_stream(letter for _, letter in self._oldest[stream])[stream]
        try:
            await self._bus.publish(stream, parcels)
        except Unavailable as error:
            self._tell(stream, error)
            return False
        except Invalid:
            self._oldest[stream] = ()  # whoever reads them again finds out which one it is
        return True

    def _tell(self, stream: Stream, error: Unavailable) -> None:
        """Once, and only when it was no matter of a moment."""
        if stream not in self._told:
            self._told.add(stream)
            log.error(
                "outbox.stream_stands_still",
                stream=stream.name,
                error=error.message,
                advice="All other streams go on. Put right on the broker what the error says: what"
                " waits for this one is kept, and goes out by itself.",
            )

    def _end(self, stream: Stream) -> None:
        del self._oldest[stream]
        if stream in self._told:
            self._told.remove(stream)
            log.info("outbox.stream_goes_on", stream=stream.name)
