"""What was read from Kafka and has to wait in memory: refused, or come while another batch is out.

A partition with something held is paused, so nothing overtakes it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sendwell.adapters.bus.kafka.pauses import new_pauses
from sendwell.adapters.bus.kafka.records import Place, Record
from sendwell.domain.pauses import Pauses


@dataclass(slots=True)
class _Shelf:
    """What is held of one partition, in order."""

    records: list[Record] = field(default_factory=list)
    pauses: Pauses = field(default_factory=new_pauses)
    due: float = 0.0


class Held:
    """Records by partition, each with the time at which it is handed out again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._shelves: dict[Place, _Shelf] = defaultdict(_Shelf)

    def __contains__(self, place: Place) -> bool:
        return place in self._shelves

    def keep(self, records: Iterable[Record]) -> None:
        """They wait for their turn: behind what is held of their partition already."""
        for record in records:
            self._shelves[record.place].records.append(record)

    def refuse(self, records: Sequence[Record], now: float) -> None:
        """They were handed out in vain, and come again after a pause that grows.

        Each partition comes alone then, so that one that is refused again hurts no other.
        """
        for place in {record.place for record in records}:
            shelf = self._shelves[place]
            again = [record.again() for record in records if record.place == place]
            shelf.records[:0] = again
            shelf.due = now + shelf.pauses.take()

    def due(self, now: float) -> Iterator[list[Record]]:
        """What is to be handed out now, partition by partition."""
        for place in [place for place, shelf in self._shelves.items() if shelf.due <= now]:
            shelf = self._shelves.get(place)
            if shelf:
                records, shelf.records = shelf.records[: self._most], shelf.records[self._most :]
                yield records

    def wait(self, now: float, at_most: float) -> float:
        """Seconds until something is due."""
        return min([at_most, *(max(0.0, shelf.due - now) for shelf in self._shelves.values())])

    def free(self, places: Collection[Place]) -> list[Place]:
        """Parcels of theirs were taken. Gives those that hold nothing more, and may be resumed."""
        held = [place for place in places if place in self._shelves]
        freed = [place for place in held if not self._shelves[place].records]
        self.forget(freed)
        for place in set(held).difference(freed):
            self._shelves[place].pauses.reset()
        return freed

    def forget(self, places: Iterable[Place]) -> None:
        """They are ours no longer."""
        for place in places:
            self._shelves.pop(place, None)
