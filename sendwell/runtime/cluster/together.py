"""Two kinds of signals as one: those of a shared database, and those that go past it."""

from collections.abc import Collection

from sendwell.ports.database import Unit
from sendwell.ports.signals import Heard, Signals


class Together:
    """Told by both and heard by either; what is heard twice is looked at twice."""

    def __init__(self, inside: Signals, beside: Signals) -> None:
        self._both = (inside, beside)

    def told(self, topic: str, words: Collection[str]) -> Unit:
        """See the port."""
        return [write for each in self._both for write in each.told(topic, words)]

    async def tell(self, topic: str, words: Collection[str]) -> None:
        """See the port."""
        for each in self._both:
            await each.tell(topic, words)

    def listen(self, topic: str, heard: Heard) -> None:
        """See the port."""
        for each in self._both:
            each.listen(topic, heard)
