"""Counts what passes: listens to the same messages as the roles, once a batch.

It counts when the transaction is on disk: one that fails is tried again, with the same messages.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from sendwell.domain.ids import COUNTER_BITS
from sendwell.domain.lane import BY_NUMBER
from sendwell.domain.lifecycle import State
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene
from sendwell.telemetry import names


async def on_requested(batch: Sequence[Requested], scene: Scene) -> Sequence[Message]:
    """Count what was accepted."""
    scene.after_commit(partial(_count_accepted, batch))
    return ()


async def on_status(batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
    """Count moves, and how long it took to get there from when it might go out."""
    scene.after_commit(partial(_count_moves, batch))
    return ()


async def on_dead(batch: Sequence[Dead], scene: Scene) -> Sequence[Message]:
    """Count what was given up."""
    scene.after_commit(partial(_count_dead, batch))
    return ()


def _count_accepted(batch: Sequence[Requested]) -> None:
    for lane, count in Counter(request.lane for request in batch).items():
        names.ACCEPTED.labels(BY_NUMBER[lane].label).inc(count)


def _count_moves(batch: Sequence[Status]) -> None:
    moves = Counter((status.channel, status.state) for status in batch)
    for (channel, state), count in moves.items():
        names.MOVES.labels(channel, state.value).inc(count)
    for status in batch:
        if status.state is State.SENT and status.claimed_at:
            since_ms = status.was_due / 1e3 or status.position >> COUNTER_BITS
            seconds = max(0, status.at / 1e6 - since_ms / 1e3)
            names.LATENCY.labels(status.channel, BY_NUMBER[status.lane].label).observe(seconds)


def _count_dead(batch: Sequence[Dead]) -> None:
    for (channel, cause), count in Counter((dead.channel, dead.cause) for dead in batch).items():
        names.DEAD.labels(channel, cause).inc(count)
