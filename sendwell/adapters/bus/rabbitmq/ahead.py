"""How many messages of a queue may be pushed ahead, so that memory holds them. Pure.

RabbitMQ counts messages and no bytes, and a message may have a few bytes or a mebibyte.
"""

FEW = 64
_HELD_BYTES = 16 * 1024 * 1024
_ENOUGH = 256
"""Messages that say how long the others are going to be."""


class Ahead:
    """`count` is for now. Few at first: whoever read here before us may have died of too many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._few = min(FEW, most)
        self._enough = _ENOUGH
        self._messages = 0
        self._bytes = 0
        self.count = self._few

    def learn(self, messages: int, size_bytes: int, *, waiting_bytes: int) -> bool:
        """So many were taken, and so much waits here; whether `count` is another one now.

        As many as there may be when those of late were short enough for that; few as soon as too
        much waits. Each time that happens it takes twice as many short ones to believe it again.
        """
        self._messages += messages
        self._bytes += size_bytes
        if self.count > self._few and waiting_bytes > 2 * _HELD_BYTES:
            self._enough *= 2
            return self._change(self._few)
        if self.count < self._most and self._messages >= self._enough:
            is_short = self._bytes * self._most <= _HELD_BYTES * self._messages
            return self._change(self._most if is_short else self._few)
        return False

    def _change(self, count: int) -> bool:
        self._messages = self._bytes = 0
        before, self.count = self.count, count
        return before != count
