"""Pauses between tries."""


class Pauses:
    """Each one twice as long as the one before, up to a longest."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def take(self) -> float:
        """The seconds to wait now."""
        taken = self._next
        self._next = min(2 * taken, self._longest)
        return taken

    def reset(self) -> None:
        """It has worked: the next pause is the first one again."""
        self._next = self._first
