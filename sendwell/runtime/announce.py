"""Says on the bus what became of deliveries, in the transaction that puts it on record."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sendwell.domain.channel import Channel
from sendwell.domain.ids import ChannelName, Part, TenantId
from sendwell.domain.lifecycle import FINAL, State
from sendwell.domain.policy import Policy
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.messages.wire.announcer import Announcer
from sendwell.messages.wire.carrier import Carrier
from sendwell.messages.wire.move import Move
from sendwell.messages.wire.quarantine import Quarantine, letter_of
from sendwell.ports.journal import Journal
from sendwell.runtime.flow import Message
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.requests import requests_at
from sendwell.runtime.scene import Scene


class Announcements:
    """Listens to the flow, and writes letters for the outbox.

    `reporting` are the provider accounts that send receipts: by all others, SENT is the end.
    """

    def __init__(
        self,
        preset: Preset,
        outbox: Outbox,
        journal: Journal,
        *,
        carrier: Carrier,
        channels: Mapping[ChannelName, Channel],
        policy: Callable[[TenantId], Policy],
        reporting: Collection[str],
    ) -> None:
        self._preset = preset
        self._outbox = outbox
        self._journal = journal
        self._carrier = carrier
        self._channels = channels
        self._announcer = Announcer(preset, channels)
        self._policy = policy
        self._reporting = reporting

    async def on_tasks(self, tasks: Sequence[Task], scene: Scene) -> Sequence[Message]:
        """Tasks go by the bus to whoever delivers."""
        self._outbox.put([self._carrier.task(task) for task in tasks], scene)
        return ()

    async def on_status(self, batch: Sequence[Status], scene: Scene) -> Sequence[Message]:
        """Everybody may hear what became of a delivery."""
        known = [status for status in batch if status.channel in self._channels]
        positions = {status.position for status in known}
        requests = await requests_at(positions, self._journal, scene)
        letters = []
        for status in known:
            request = requests.get(status.position)
            if request is None:
                continue
            if letter := self._announcer.letter(self._move(status, request)):
                letters.append(letter)
            if status.state is State.RETRYING and LogicalStream.RETRY in self._preset.namings:
                letters.append(self._carrier.retry(_task_of(status, request)))
        self._outbox.put(letters, scene)
        return ()

    async def on_dead(self, batch: Sequence[Dead], scene: Scene) -> Sequence[Message]:
        """Operators may watch for what was given up."""
        positions = {dead.position for dead in batch}
        requests = await requests_at(positions, self._journal, scene)
        letters = [
            self._carrier.dead(dead, _task_of(dead, requests[dead.position]))
            for dead in batch
            if dead.position in requests and dead.channel in self._channels
        ]
        self._outbox.put(letters, scene)
        return ()

    def tell_quarantined(self, kept: Sequence[Quarantine], scene: Scene) -> None:
        """They may watch for what could not be read, too."""
        self._outbox.put([letter_of(each, self._preset) for each in kept], scene)

    def _move(self, status: Status, request: Requested) -> Move:
        awaits_receipt = status.state is State.SENT and status.provider in self._reporting
        is_end = status.state in FINAL and not awaits_receipt
        return Move.of(
            status,
            request,
            most_attempts=self._policy(status.tenant).retries.of(status.channel).attempts,
            sent_at=status.at if status.state is State.SENT else 0,
            is_end=is_end,
        )


def _task_of(told: Status | Dead, request: Requested) -> Task:
    part = Part.parse(told.part)
    return Task(
        request=request,
        part=told.part,
        recipient=part.recipient,
        channel=told.channel,
        planned_at=told.planned_at if isinstance(told, Status) else told.at,
        state=State.RETRYING if isinstance(told, Status) else State.DEAD,
        due=told.due if isinstance(told, Status) else 0,
        target=part.target,
        attempt=told.attempt,
        provider=told.provider,
    )
