"""When a channel has failed: once nothing that was planned on it for a person can succeed any more.

A person with two phones has two deliveries by push. The next channel is not for when one of them
fails, and only once for both.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from sendwell.domain.ids import ChannelName, Part, Position
from sendwell.domain.lifecycle import FINAL, State
from sendwell.messages.status import Status
from sendwell.ports.journal import Journal
from sendwell.runtime.scene import Scene

_Group = tuple[Position, int, ChannelName]
_REACHED = frozenset({State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED})


class Fallbacks:
    """Sorts out which failures are those of a channel."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = asyncio.Lock()
        self._holder: Scene | None = None

    async def last_of_each(
        self, failed: Sequence[Status], batch: Sequence[Status], scene: Scene
    ) -> list[Status]:
        """Those failures after which the next channel is due; `batch` is all that moves with them.

        Two that fail at the same moment would each take the other for open, and nobody would be
        told: so from here to the end of the transaction only one of them is looked at.
        """
        single = [status for status in failed if status.beside == 1]
        several = {_group(status): status for status in failed if status.beside > 1}
        if not several:
            return single
        await self._alone(scene)
        on_record = await self._journal.ended_parts([position for position, _, _ in several])
        ended = _by_group({**on_record, **_ended_now(batch)})
        return single + [
            status for group, status in several.items() if _is_over(ended[group], status.beside)
        ]

    async def tried(
        self, failed: Sequence[Status], batch: Sequence[Status]
    ) -> dict[tuple[Position, int], set[ChannelName]]:
        """By notification and recipient the channels on which it had a delivery, with these that
        have failed; `batch` is all that moves with them.
        """
        on_record = await self._journal.ended_parts([status.position for status in failed])
        tried: dict[tuple[Position, int], set[ChannelName]] = {}
        for position, recipient, channel in _by_group({**on_record, **_ended_now(batch)}):
            tried.setdefault((position, recipient), set()).add(channel)
        return tried

    async def _alone(self, scene: Scene) -> None:
        if self._holder is scene:
            return
        await self._lock.acquire()
        self._holder = scene
        scene.after_commit(self._release)
        scene.after_failure(self._release)

    def _release(self) -> None:
        self._holder = None
        self._lock.release()


def _is_over(ended: Sequence[State], planned: int) -> bool:
    return len(ended) >= planned and _REACHED.isdisjoint(ended)


def _ended_now(batch: Iterable[Status]) -> dict[tuple[Position, str], State]:
    return {
        (status.position, status.part): status.state for status in batch if status.state in FINAL
    }


def _by_group(ended: Mapping[tuple[Position, str], State]) -> dict[_Group, list[State]]:
    groups: dict[_Group, list[State]] = {}
    for (position, text), state in ended.items():
        part = Part.parse(text)
        if not part.replay:
            groups.setdefault((position, part.recipient, part.channel), []).append(state)
    return groups


def _group(status: Status) -> _Group:
    part = Part.parse(status.part)
    return status.position, part.recipient, part.channel
