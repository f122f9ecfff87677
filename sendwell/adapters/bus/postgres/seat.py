"""A member's seat in a group that reads a stream: what it holds, and what it says about it.

A seat is renewed again and again; when it was not for as long as the lease, the others may take
what it holds. They raise the tokens, so that nothing it says later about a shard has any effect.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from sendwell.adapters.bus.postgres.batch import LARGEST_BATCH_BYTES, Batch, Done, Hold, gather
from sendwell.adapters.bus.postgres.sharing import Plan, Seen, share_out
from sendwell.adapters.bus.postgres.statements import (
    CLAIM,
    FETCH,
    FINISH,
    LEAVE,
    RELEASE,
    RENEW,
    SURVEY,
)
from sendwell.ports.bus import Stream


@dataclass(frozen=True, slots=True)
class Seat:
    """`number` is the stream's, `member` a name that nobody else has. Calls raise FAULTS."""

    group: str
    number: int
    member: str

    async def renew(self, connection: asyncpg.Connection, lease: timedelta) -> None:
        """Nobody may take what it holds before the lease has run out."""
        await connection.execute(RENEW, self.group, self.number, self.member, lease)

    async def plan(
        self,
        connection: asyncpg.Connection,
        *,
        held: Mapping[int, Hold],
        busy: Collection[int],
        draw: Callable[[], float],
    ) -> tuple[Plan, Collection[int]]:
        """What to claim and release, and which of `held` are still the member's."""
        rows = await connection.fetch(SURVEY, self.group, self.number, self.member)
        tokens = {shard: hold.token for shard, hold in held.items()}
        seen = [Seen(r["shard"], r["token"], r["is_mine"], r["is_free"]) for r in rows]
        members = rows[0]["members"] if rows else 1
        plan = share_out(seen, held=tokens, busy=busy, members=members, draw=draw)
        kept = {
            each.shard for each in seen if each.is_mine and tokens.get(each.shard) == each.token
        }
        return plan, kept.difference(plan.releases)

    async def claim(
        self, connection: asyncpg.Connection, claims: Sequence[Seen]
    ) -> dict[int, Hold]:
        """Take them; gives those that nobody else was faster with."""
        shards, tokens = [each.shard for each in claims], [each.token for each in claims]
        rows = await connection.fetch(CLAIM, *self._who, shards, tokens)
        return {row["shard"]: Hold(row["token"], row["tries"]) for row in rows}

    async def release(self, connection: asyncpg.Connection, shards: Sequence[int]) -> None:
        """Others may have them."""
        await connection.execute(RELEASE, *self._who, shards)

    async def fetch(
        self,
        connection: asyncpg.Connection,
        stream: Stream,
        *,
        holds: Mapping[int, Hold],
        most: int,
    ) -> Batch:
        """What is owed in the shards it holds, beginning with the first of `holds`."""
        asked = list(holds)
        tokens = [hold.token for hold in holds.values()]
        rows = await connection.fetch(FETCH, *self._who, asked, tokens, most, LARGEST_BATCH_BYTES)
        return gather(rows, stream, holds=holds, asked=asked, most=most)

    async def finish(self, connection: asyncpg.Connection, done: Mapping[int, Done]) -> set[int]:
        """Never hand it out again; gives the shards for which that is so: still the member's."""
        positions = [each.position for each in done.values()]
        rows = await connection.fetch(
            FINISH,
            *self._who,
            list(done),
            [each.token for each in done.values()],
            [each.reached.xid for each in positions],
            [each.reached.seq for each in positions],
            [_array(each.open.keys()) for each in positions],
            [_array(each.open.values()) for each in positions],
            [each.line for each in done.values()],
        )
        return {row["shard"] for row in rows}

    async def leave(self, connection: asyncpg.Connection) -> None:
        """Others may have everything, at once."""
        await connection.execute(LEAVE, *self._who)

    @property
    def _who(self) -> tuple[str, int, str]:
        return self.group, self.number, self.member


def _array(numbers: Collection[int]) -> str:
    """As PostgreSQL writes an array: a list of lists of different lengths can't be sent."""
    return f"{{{','.join(map(str, numbers))}}}"
