"""What is done with one table after the other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256

from sendwell.adapters.sql.promotion.canon import row_bytes
from sendwell.adapters.sql.promotion.shape import Row, Shape
from sendwell.adapters.sql.promotion.source import Source
from sendwell.adapters.sql.promotion.target import Target
from sendwell.domain.errors import Conflict

Tell = Callable[[str, int, int], None]
"""Hears whose turn it is, how many of its rows are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A table that is the same in both databases: its rows, and a digest over all of them."""

    table: str
    rows: int
    digest: str


async def copy(source: Source, target: Target, shape: Shape, *, tell: Tell) -> int:
    """What lies behind the last key of an earlier attempt is on the target, too; gives how much."""
    total, copied = source.count(shape.name), 0
    tell(shape.name, 0, total)
    for batch in source.batches(shape, await target.copied_to(shape)):
        await target.copy(shape, batch)
        copied += len(batch)
        tell(shape.name, copied, total)
    await target.learn(shape)
    return copied


async def drop_stale(source: Source, target: Target, shape: Shape) -> int:
    """What has changed in the file since it was copied is gone from the target; gives how much.

    What is left there stands in the file as well, so nothing that comes can be in its way.
    """
    dropped = 0
    if await target.copied_to(shape) is None:
        return dropped
    async for batch in target.batches(shape):
        if stale := _stale(source, shape, batch):
            await target.remove(shape, stale)
            dropped += len(stale)
    return dropped


async def compare(source: Source, target: Target, shape: Shape, *, tell: Tell) -> Moved:
    """The table is the same in both databases, by count and by digest; what was missing is added.

    Raises Conflict when it is not, for then somebody else has been writing.
    """
    total, seen = source.count(shape.name), 0
    here, there = sha256(), sha256()
    tell(shape.name, 0, total)
    for batch in source.batches(shape):
        found = await _found(target, shape, batch)
        here.update(_bytes(batch))
        there.update(_bytes(found[key] for row in batch if (key := shape.key_of(row)) in found))
        seen += len(batch)
        tell(shape.name, seen, total)
    count = await target.count(shape)
    if (count, there.digest()) != (seen, here.digest()):
        raise Conflict(
            f"{shape.name} is not the same on both sides: {seen:,} rows in the file, {count:,} on"
            " the target. Somebody else has been writing there; nothing was switched over. Drop"
            " that database and begin anew with an empty one."
        )
    return Moved(shape.name, seen, here.hexdigest())


def _stale(source: Source, shape: Shape, batch: list[Row]) -> list[Row]:
    """Those that do not stand like that in the file, of which no more than one row is held."""
    stale = {shape.wide_key_of(row): row for row in batch}
    for row in source.find(shape, [shape.key_of(row) for row in batch]):
        if stale.get(key := shape.wide_key_of(row)) == row:
            del stale[key]
    return list(stale.values())


async def _found(target: Target, shape: Shape, batch: list[Row]) -> dict[Row, Row]:
    found = await target.find(shape, batch)
    if missing := [row for row in batch if shape.key_of(row) not in found]:
        await target.add(shape, missing)
        found |= await target.find(shape, missing)
    return found


def _bytes(rows: Iterable[Row]) -> bytes:
    return b"".join(map(row_bytes, rows))
