"""How much one render may still make and look at."""

import threading

from sendwell.domain.errors import TooLarge

ALLOWANCE = 4 * 1024 * 1024
"""Characters, over all operations of one render."""


class Meter(threading.local):
    """The allowance of the render that this thread is in. A render never leaves its thread."""

    left = 0

    def start(self) -> None:
        """A new render begins."""
        self.left = ALLOWANCE

    def spend(self, size: int) -> None:
        """Raise TooLarge when that much more is too much. Asked before the work is done."""
        self.left -= size
        if self.left < 0:
            raise TooLarge("It makes too much out of its data.", code="template_error")
