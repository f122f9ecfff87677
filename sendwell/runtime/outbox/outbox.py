"""Publishes what roles have said, once it is on disk, until a broker has confirmed it.

In the order in which it was said: while any of it is on disk only, all that comes goes there, too.
At least once: between the broker's word and the row's end the process may die. Who reads it tells
repetitions by the letter's id. A letter that the broker will never take is logged and comes to an
end that people see; the others go on. So they do past a stream that the broker does not take while
it takes others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet

import msgspec
import structlog
from sqlalchemy import select

from sendwell.domain.errors import Invalid, Unavailable
from sendwell.domain.grouping import group
from sendwell.domain.ids import Node
from sendwell.domain.pauses import Pauses
from sendwell.messages.wire.letter import Letter
from sendwell.ports.bus import Bus
from sendwell.ports.clock import Ids
from sendwell.ports.database import Database, Write
from sendwell.runtime.handed_over import hand_over
from sendwell.runtime.outbox import hot
from sendwell.runtime.outbox.standing import Numbered as _Numbered
from sendwell.runtime.outbox.standing import Standing
from sendwell.runtime.outbox.tables import OUTBOX, aside
from sendwell.runtime.scene import Scene
from sendwell.runtime.streams import by_stream, stream_of

log = structlog.get_logger()
_WINDOW = 5_000
"""Letters held in memory; what is more waits on disk only."""
_BATCH = 500
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 5.0
_END_AGAIN_SECONDS = 60.0

End = Callable[[int, Letter, Invalid], Awaitable[None]]
"""Takes a letter, by its number, off the disk in the commit that brings it to an end."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Letter).decode


class Outbox:
    """The letters of one process."""

    def __init__(self, database: Database, bus: Bus, *, ids: Ids, node: Node) -> None:
        self._database = database
        self._bus = bus
        self._ids = ids
        self._node = node
        self._letters: list[_Numbered] = []
        self._is_behind = True
        """Some are only on disk: at first, those of an earlier process."""
        self._read: AbstractSet[int] = frozenset()
        """What came from the disk last. Who told it may hear of its commit only now."""
        self._refused: set[int] = set()
        """What no broker takes, and could not be brought to its end just now."""
        self._end: End | None = None
        self._arrived = asyncio.Event()
        self._is_stopping = False
        self._standing = Standing(database, bus, node, wake=self._arrived.set)

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, letters: Sequence[Letter], scene: Scene) -> None:
        """Publish these once the transaction is on disk, in this order."""
        if not letters:
            return
        numbered = [(self._ids.position(), letter) for letter in letters]
        rows = [(number, self._node, _encode(letter)) for number, letter in numbered]
        scene.write([Write(hot.put, rows)])
        scene.after_commit(lambda: self._hand_in(numbered))

    def end_refused_by(self, end: End) -> None:
        """From now on that is what becomes of letters that no broker takes. Before, they stay."""
        self._end = end

    async def adopt(self, node: Node) -> int:
        """Publish what another process has left, too; gives how many letters those were."""
        left_under = [node, aside(node)]
        return await hand_over(
            self._database, OUTBOX, left_under=left_under, to=self._node, told=self._look
        )

    async def run(self) -> None:
        """Publish until `stop`, then what is left in memory, if the broker takes it."""
        self._letters.clear()  # a failure has ended it, and older ones may be on disk only
        self._is_behind = True
        await self._standing.take_back()
        try:
            await self._run()
        finally:
            await self._standing.forget()

    async def _run(self) -> None:
        while not (self._is_stopping and not self._letters):
            if await self._standing.has_gone_on():
                self._letters.clear()
                self._is_behind = True
            if batch := await self._next():
                await self._publish(await self._without_standing(batch))
            elif self._is_stopping:
                return
            else:
                self._arrived.clear()
                if not (self._letters or self._is_behind or self._standing.may_go_on):
                    await self._arrived.wait()

    def stop(self) -> None:
        """What cannot be published now is published when we start again."""
        self._is_stopping = True
        self._arrived.set()

    def _look(self) -> None:
        self._is_behind = True
        self._arrived.set()

    def _hand_in(self, numbered: Sequence[_Numbered]) -> None:
        if self._is_behind or len(self._letters) >= _WINDOW:
            self._is_behind = True
        else:
            self._letters += [each for each in numbered if each[0] not in self._read]
        self._arrived.set()

    async def _next(self) -> Sequence[_Numbered]:
        if self._letters:
            return self._letters[:_BATCH]
        return await self._read_disk() if self._is_behind else ()

    async def _read_disk(self) -> Sequence[_Numbered]:
        self._is_behind = False  # what comes during the last read is kept in memory
        rows = await self._database.rows(
            select(OUTBOX.c.number, OUTBOX.c.letter)
            .where(OUTBOX.c.node == self._node, OUTBOX.c.number.not_in(self._refused))
            .order_by(OUTBOX.c.number)
            .limit(_BATCH)
        )
        self._read = {row.number for row in rows}
        if len(rows) == _BATCH:  # it was not the last, and these wait behind the others there
            self._letters.clear()
            self._is_behind = True
        self._drop(self._read)
        return [(row.number, _decode(row.letter)) for row in rows]

    async def _without_standing(self, batch: Sequence[_Numbered]) -> Sequence[_Numbered]:
        if standing := self._standing.among(batch):
            await self._standing.put_aside(standing)
            self._drop(standing)
            return [each for each in batch if each[0] not in standing]
        return batch

    async def _publish(self, batch: Sequence[_Numbered]) -> None:
        pauses, is_out = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS), False
        while batch:
            try:
                # What has gone out is not said again because only the database is away.
                is_out = is_out or await self._is_taken(batch)
                if not is_out:
                    await self._go_past(batch)
                    return
                numbers = [number for number, _ in batch]
                await self._database.commit([Write(hot.remove, numbers)])
            except Invalid as error:
                await self._part(batch, error)
                return
            except Unavailable as error:
                log.warning("outbox.waits", letters=len(batch), error=error.message)
                if self._is_stopping:
                    self._letters.clear()
                    return
                await asyncio.sleep(pauses.take())
            else:
                self._drop(set(numbers))
                return

    async def _is_taken(self, batch: Sequence[_Numbered]) -> bool:
        """False when one of the streams is not taken by a broker that does answer."""
        for stream, parcels in by_stream(letter for _, letter in batch).items():
            try:
                await self._bus.publish(stream, parcels)
            except Unavailable:
                if not await self._standing.is_the_broker_there():
                    raise
                return False
        return True

    async def _go_past(self, batch: Sequence[_Numbered]) -> None:
        """One of the streams stands still: each goes by itself, and that one from now on waits."""
        streams = group(batch, by=lambda each: stream_of(each[1].stream))
        if len(streams) > 1:
            for own in streams.values():
                await self._publish(own)
            return
        (stream,) = streams
        await self._standing.add(stream, batch)
        self._drop({number for number, _ in batch})

    async def _part(self, batch: Sequence[_Numbered], error: Invalid) -> None:
        """One of them the broker will never take: each goes by itself, and that one ends."""
        if len(batch) > 1:
            for each in batch:
                await self._publish([each])
            return
        ((number, letter),) = batch
        log.error(
            "outbox.refused", letter=letter.id, stream=letter.stream.name, error=error.message
        )
        self._refused.add(number)
        self._drop({number})
        await self._end_refused(number, letter, error)

    async def _end_refused(self, number: int, letter: Letter, error: Invalid) -> None:
        if self._end is None:
            return
        try:
            await self._end(number, letter, error)
        except Exception:  # whatever it is, the others must go on
            log.exception("outbox.not_ended", letter=letter.id)
            asyncio.get_running_loop().call_later(_END_AGAIN_SECONDS, self._try_again, number)
        else:
            self._refused.discard(number)

    def _try_again(self, number: int) -> None:
        self._refused.discard(number)
        self._is_behind = True
        self._arrived.set()

    def _drop(self, numbers: AbstractSet[int]) -> None:
        self._letters = [each for each in self._letters if each[0] not in numbers]
