"""What is said of a task when it moves: its `Status`, and at the end of a failure its `Dead`."""

from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Fault
from sendwell.domain.triage import Cause
from sendwell.messages.dead import Dead
from sendwell.messages.status import Status
from sendwell.messages.task import Task


def status_of(
    task: Task,
    state: State,
    at: int,
    *,
    claimed_at: int = 0,
    fault: Fault | None = None,
    reference: str | None = None,
    rule: str | None = None,
    due: int = 0,
) -> Status:
    """That the task has moved to `state`; `claimed_at` where the move ends an attempt."""
    request = task.request
    return Status(
        tenant=request.tenant,
        notification=request.id,
        position=request.position,
        part=task.part,
        channel=task.channel,
        state=state,
        at=at,
        planned_at=task.planned_at,
        claimed_at=claimed_at,
        attempt=task.attempt,
        provider=task.provider,
        reference=reference,
        code=fault.code if fault else None,
        text=fault.text if fault else None,
        rule=rule,
        due=due,
        was_due=task.was_due,
        user_id=request.to[task.recipient].user_id,
        lane=request.lane,
        beside=task.beside,
    )


def dead_of(task: Task, fault: Fault, cause: Cause, at: int) -> Dead:
    """The dead letter of a task that has been given up."""
    request = task.request
    return Dead(
        tenant=request.tenant,
        position=request.position,
        notification=request.id,
        part=task.part,
        channel=task.channel,
        event_type=request.event_type,
        lane=request.lane,
        cause=cause.value,
        code=fault.code,
        text=fault.text,
        provider=task.provider,
        attempt=task.attempt,
        at=at,
    )
