"""Which shards of a stream a member should hold, so that all members have as many."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

SHARDS = 32
"""Of each stream. Parcels with the same key are in the same one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A shard as the database shows it: who holds it changes by raising the token."""

    shard: int
    token: int
    is_mine: bool
    is_free: bool
    """Nobody holds it, or somebody whose lease has run out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a member should do. `is_final` when nothing is left to be done after it."""

    claims: Sequence[Seen]
    releases: Sequence[int]
    is_final: bool


def share_out(
    seen: Sequence[Seen],
    *,
    held: Mapping[int, int],
    busy: Collection[int],
    members: int,
    draw: Callable[[], float],
) -> Plan:
    """Claim up to a fair part, or release what goes beyond it; `busy` shards are never released.

    `held` are the tokens that the member knows of. A shard that is ours without our knowing comes
    from before a failure: it is claimed anew, so that nothing said before can change it any more.
    Free ones are claimed in an order of chance: members that come together then seldom meet.
    """
    part = -(-SHARDS // max(members, 1))
    kept = [each for each in seen if each.is_mine and held.get(each.shard) == each.token]
    forgotten = [each for each in seen if each.is_mine and each not in kept]
    free = sorted(
        (each for each in seen if each.is_free and not each.is_mine), key=lambda _: draw()
    )
    claims = [*forgotten, *free][: max(part - len(kept), 0)]
    surplus = max(len(kept) - part, 0)
    dispensable = [each.shard for each in kept if each.shard not in busy][:surplus]
    unclaimed = [each.shard for each in forgotten if each not in claims]
    return Plan(claims, [*dispensable, *unclaimed], is_final=len(dispensable) == surplus)
