"""What becomes of a letter that no broker will ever take: people see that, and nothing waits."""

from collections.abc import Callable, Sequence

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import TenantId
from sendwell.domain.presets.naming import WHOLE
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.task import Task
from sendwell.messages.wire import headers
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from sendwell.ports.database import Write
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.outbox import hot
from sendwell.runtime.quarantine.quarantine import QuarantineStore, Tell
from sendwell.runtime.scene import Scene

TasksIn = Callable[[Letter], Sequence[Task]]
Bury = Callable[[Sequence[Task], str, Scene], Sequence[Message]]
"""Says how tasks end that cannot be handed on, and why."""


class Refused:
    """Its tasks are given up, and that there was a letter goes to quarantine.

    Without the body: what it says is on record where it was written.
    """

    def __init__(
        self, flow: Flow, preset: Preset, *, tasks_in: TasksIn, bury: Bury, tell: Tell
    ) -> None:
        self._flow = flow
        self._preset = preset
        self._tasks_in = tasks_in
        self._bury = bury
        self._tell = tell

    async def end(self, number: int, letter: Letter, error: Invalid) -> None:
        """The letter has come to its end, and is off the disk."""
        tasks = self._tasks_in(letter)

        def speak(scene: Scene) -> Sequence[Message]:
            scene.write([Write(hot.remove, [number])])
            if letter.stream != self._preset.physical(LogicalStream.QUARANTINE, WHOLE):
                kept = [self._kept(number, letter, tasks, why=error.message, at=scene.now)]
                QuarantineStore.put(kept, scene)
                self._tell(kept, scene)
            return self._bury(tasks, error.message, scene) if tasks else ()

        await self._flow.say(speak)

    def _kept(
        self, number: int, letter: Letter, tasks: Sequence[Task], *, why: str, at: int
    ) -> Quarantine:
        return Quarantine(
            stream=letter.stream.name,
            place=f"outbox/{number}",
            reason=Reason.NOT_PUBLISHED,
            text=why,
            pointer="",
            body=b"",
            headers={},
            at=at,
            tenant=_tenant_of(letter, tasks),
            id=letter.id,
            preset=self._preset.name,
        )


def _tenant_of(letter: Letter, tasks: Sequence[Task]) -> TenantId | None:
    """Whose it is, where it is one organization's."""
    if tenant := letter.headers.get(headers.ORGANIZATION):
        return TenantId(tenant)
    tenants = {task.request.tenant for task in tasks}
    return tenants.pop() if len(tenants) == 1 else None
