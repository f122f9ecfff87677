"""What processes on one database tell each other at once: that something has changed."""

from collections.abc import Callable, Collection
from typing import Protocol

from sendwell.ports.database import Unit

Heard = Callable[[str | None], None]
"""Called with the word that was told; with None when some may have been missed: forget it all."""


class Signals(Protocol):
    """Signals carry no news, only its name; whoever hears one looks for itself.

    Guarantees: what is told in a unit is heard by all processes, this one too, soon after its
    commit, and never before; nothing is heard of a unit that failed.
    """

    def told(self, topic: str, words: Collection[str]) -> Unit:
        """The writes that tell these words, for the unit that makes the change."""
        ...

    def listen(self, topic: str, heard: Heard) -> None:
        """From now on `heard` is called for every word told under that topic."""
        ...
