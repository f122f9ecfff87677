"""So many at a time, the others in line."""

from asyncio import CancelledError, Future, get_running_loop
from collections import deque


class Turns:
    """A fixed number of turns. Who has to wait is served in the order of coming.

    Holds always: while somebody waits, no turn is free; so nobody can jump the line.
    """

    __slots__ = ("_count", "_free", "_line")

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = count
        self._line: deque[Future[None]] = deque()

    @property
    def are_untaken(self) -> bool:
        """Whether nobody has a turn, and so nobody waits for one."""
        return self._free == self._count

    def take(self) -> bool:
        """Take a turn if one is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    async def wait(self) -> None:
        """Take a turn as soon as it is ours. Cancelled, it takes none."""
        turn: Future[None] = get_running_loop().create_future()
        self._line.append(turn)
        try:
            await turn
        except CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Let the next in line have it."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
