"""Letters no longer than brokers take: what is too much for one goes in several."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sendwell.messages.wire.letter import Letter

T = TypeVar("T")
Pack = Callable[[Sequence[T]], Letter]
"""Makes one letter of things; each time another one, with an id of its own."""
MOST_BYTES = 900_000
"""Of a body. With its headers it passes through a topic of Kafka's usual size, 1 MiB."""
_ROOM = 100_000
"""Some hundred tasks of one request."""


def cut(things: Sequence[T], pack: Pack[T]) -> list[Letter]:
    """All of the things in letters, in their order.

    None is longer than MOST_BYTES, or than its first thing alone with a little room. What several
    things have in common is said once a letter: without that room a long text to a thousand
    recipients would be said a thousand times.
    """
    letter = pack(things)
    if len(letter.body) <= MOST_BYTES or len(things) == 1:
        return [letter]
    most = max(MOST_BYTES, len(pack(things[:1]).body) + _ROOM)
    pieces = -(-len(letter.body) // most)
    if pieces == 1:
        return [letter]
    size = -(-len(things) // pieces)
    starts = range(0, len(things), size)
    return [each for start in starts for each in cut(things[start : start + size], pack)]
