"""What services have been told by each other, kept where all of them find it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

DOUBT = timedelta(seconds=4)
"""For so long after a word about it nothing is remembered of a thing: whatever was asked for before
the change has been answered by then, and is too old to be kept."""


class Cache(Protocol):
    """Answers by word: what a signal's word is about is remembered under that word.

    Telling a word (see `Signals`) puts what is remembered under it in doubt for the time of DOUBT:
    it is not found any more, and nothing takes its place meanwhile. So no answer that was on its
    way when the change came is ever found after it.

    A cache may have lost anything at any time, also the doubts; it raises nothing and makes nobody
    wait for long. What may not be older than some seconds is kept for no longer than that.
    """

    async def find(
        self, topic: str, words: Sequence[str], *, unless: str | None = None
    ) -> Sequence[bytes | None]:
        """What is remembered of each; of none of them while the word `unless` is in doubt."""
        ...

    async def keep(self, topic: str, answers: Mapping[str, bytes], *, lasts: timedelta) -> None:
        """Remember what is neither in doubt nor remembered already, for that time."""
        ...
