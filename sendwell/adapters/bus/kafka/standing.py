"""How far a group is with each partition, and what that says of those who read some of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sendwell.adapters.bus.kafka.records import Place
from sendwell.ports.bus import part_of


@dataclass(frozen=True, slots=True)
class Standing:
    """`done` is where the group goes on reading a partition, `left` how much lies behind that."""

    done: int
    left: int


def behind(standings: Mapping[Place, Standing], owned: Collection[Place]) -> dict[str, str]:
    """The topics with something left in the places `owned`, each with how far these are; and by
    itself each of several places that has something left.

    Of a topic without any of them all places count: nobody may be reading it.
    """
    found: dict[str, str] = {}
    for topic in dict.fromkeys(topic for topic, _ in standings):
        places = [place for place in standings if place[0] == topic]
        ours = [place for place in places if place in owned] or places
        waiting = [place for place in ours if standings[place].left]
        if waiting:
            found[topic] = " ".join(f"{place[1]}@{standings[place].done}" for place in ours)
        if len(ours) > 1:
            found |= {part_of(*place): str(standings[place].done) for place in waiting}
    return found
