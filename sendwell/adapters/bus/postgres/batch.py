"""What was read for a member: parcels to hand out, and what is done with once they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sendwell.adapters.bus.postgres.parcels import headers_of
from sendwell.adapters.bus.postgres.position import Place, Position, under_way
from sendwell.ports.bus import Arrived, Stream

LARGEST_BATCH_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Hold:
    """A shard that a member holds, under which token. How far it has come says the database."""

    token: int
    tries: int = 0
    tried: Place | None = None
    """Up to where the tries count; None when only a member that has gone could say."""

    def tries_at(self, place: Place) -> int:
        """How often the parcel there was handed out."""
        return self.tries if self.tried is None or place <= self.tried else 0


@dataclass(frozen=True, slots=True)
class Done:
    """What is said of a shard when a batch is finished."""

    token: int
    line: str
    """Of the server's history: on another one the same numbers are others' transactions."""
    last: Place
    position: Position


@dataclass(slots=True)
class Batch:
    """Parcels in order, by shard. `rest` are the shards that may have more."""

    arrived: list[Arrived] = field(default_factory=list)
    done: dict[int, Done] = field(default_factory=dict)
    rest: list[int] = field(default_factory=list)


def gather(
    rows: Sequence[Any],
    stream: Stream,
    *,
    holds: Mapping[int, Hold],
    asked: Sequence[int],
    most: int,
) -> Batch:
    """The batch of what FETCH gave for the shards that were `asked` for, in that order."""
    found = [row for row in rows if row["shard"] is not None]
    size = sum(len(row["body"]) for row in found)
    is_cut = len(found) >= most or size >= LARGEST_BATCH_BYTES
    batch = Batch(rest=_rest(asked, found[-1]["shard"]) if is_cut else [])
    hidden, line = under_way(rows[0]["snapshot"]), rows[0]["line"]
    for shard, ours in _by_shard(found).items():
        hold, last = holds[shard], _place(ours[-1])
        position = _past(ours[0]).after(last, under_way=hidden, is_cut=is_cut)
        batch.done[shard] = Done(hold.token, line, last, position)
        batch.arrived += [_arrived(row, stream, hold) for row in ours]
    return batch


def _by_shard(found: Sequence[Any]) -> Mapping[int, Sequence[Any]]:
    """The beginning of each shard: nothing is left out before what stays."""
    shards: dict[int, list[Any]] = {}
    for row in found:
        ours = shards.setdefault(row["shard"], [])
        if row["nth"] == len(ours) + 1:
            ours.append(row)
    return {shard: ours for shard, ours in shards.items() if ours}


def _rest(asked: Sequence[int], last: int) -> list[int]:
    """Those behind the last one come first next time, and it comes at their end."""
    return [*asked[asked.index(last) + 1 :], last]


def _past(first: Any) -> Position:
    """Behind which the shard was read; it stands beside the first parcel."""
    open_ = dict(zip(first["open_xids"], first["open_seqs"], strict=True))
    return Position(Place(first["past_xid"], first["past_seq"]), open_)


def _place(row: Any) -> Place:
    return Place(row["xid"], row["seq"])


def _arrived(row: Any, stream: Stream, hold: Hold) -> Arrived:
    return Arrived(
        stream=stream,
        id=row["id"],
        key=row["key"],
        body=row["body"],
        headers=headers_of(row["headers"]),
        place=f"{stream.name}/{row['shard']}@{row['seq']}",
        tries=hold.tries_at(_place(row)) if hold.tries else 0,
    )
