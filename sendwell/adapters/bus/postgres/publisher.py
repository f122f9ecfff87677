"""One line of parcels on their way to the disk: what comes while a commit is under way is the next.

No timer: a single parcel goes at once, and under load a commit carries many calls. There is one
commit at a time, so that calls made one after the other keep their order even unawaited.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence

from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Parcel

Entry = tuple[str, Parcel]
"""The name of a stream, and what goes there."""

_MOST_PARCELS = 2_000
_MOST_BYTES = 8 * 1024 * 1024
"""In a commit, unless a single parcel is larger: so that it takes a fraction of a second."""
_MOST_WAITING = 100_000
_Waiting = tuple[Sequence[Entry], asyncio.Future[None]]


class Publisher:
    """`store` commits some entries, or raises Unavailable."""

    def __init__(self, store: Callable[[Sequence[Entry]], Awaitable[None]]) -> None:
        self._store = store
        self._line: deque[_Waiting] = deque()
        self._waiting = 0
        self._writing: asyncio.Task[None] | None = None
        self._is_closed = False

    def publish(self, entries: Sequence[Entry]) -> Awaitable[object]:
        """Join the line now; what is given is to be awaited. Raises Unavailable."""
        if self._is_closed:
            raise Unavailable("The bus is closed.")
        if self._waiting > _MOST_WAITING:
            raise Unavailable("More parcels wait for the bus than it can take right now.")
        return asyncio.gather(*(self._join(piece) for piece in _pieces(entries)))

    async def close(self) -> None:
        """Take nothing more, and wait until the line has ended. Idempotent."""
        self._is_closed = True
        if self._writing:
            await asyncio.wait({self._writing})

    def _join(self, piece: Sequence[Entry]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((piece, future))
        self._waiting += len(piece)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return future

    async def _write(self) -> None:
        while self._line:
            taken = self._take()
            entries = [entry for piece, _ in taken for entry in piece]
            try:
                await self._store(entries)
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear of it
                _answer(taken, error)
            else:
                _answer(taken, None)
            self._waiting -= len(entries)

    def _take(self) -> list[_Waiting]:
        """The pieces of the next commit, at least one."""
        taken = [self._line.popleft()]
        count, size = _measure(taken[0][0])
        while self._line:
            more, larger = _measure(self._line[0][0])
            count, size = count + more, size + larger
            if count > _MOST_PARCELS or size > _MOST_BYTES:
                break
            taken.append(self._line.popleft())
        return taken


def _pieces(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """A call of very many parcels, or large ones, in several commits."""
    begin = size = 0
    for end, (_, parcel) in enumerate(entries):
        size += len(parcel.body)
        if end > begin and (end - begin >= _MOST_PARCELS or size > _MOST_BYTES):
            yield entries[begin:end]
            begin, size = end, len(parcel.body)
    if begin < len(entries):
        yield entries[begin:]


def _measure(entries: Sequence[Entry]) -> tuple[int, int]:
    return len(entries), sum(len(parcel.body) for _, parcel in entries)


def _answer(taken: Sequence[_Waiting], error: Exception | None) -> None:
    for _, future in taken:
        if future.done():  # whoever asked has gone; the commit stands
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
