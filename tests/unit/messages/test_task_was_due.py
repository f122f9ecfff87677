"""Since when a task might have gone out, however it came to wait."""

import pytest

from sendwell.domain.ids import COUNTER_BITS, Position
from sendwell.domain.lifecycle import State
from sendwell.messages.task import Task
from tests.roles.delivery_house import a_task

SECOND = 1_000_000
ACCEPTED = 1_800_000_000 * SECOND


@pytest.fixture
def task() -> Task:
    task = a_task("ada@example.org", position=Position(ACCEPTED // 1_000 << COUNTER_BITS))
    task.begin_attempt("first", ACCEPTED)
    return task


def test_an_attempt_that_hung_counts_and_the_wait_after_it_does_not(task: Task) -> None:
    came_back = ACCEPTED + 60 * SECOND

    fail(task, at=came_back, until=came_back + 30 * SECOND)
    task.begin_attempt("second", came_back + 31 * SECOND)

    assert task.was_due == ACCEPTED + 30 * SECOND


def test_the_attempts_add_up(task: Task) -> None:
    for attempt in range(1, 4):
        came_back = ACCEPTED + attempt * 60 * SECOND
        fail(task, at=came_back, until=came_back + SECOND)
        task.begin_attempt("next", came_back + SECOND)

    assert task.was_due == ACCEPTED + 3 * SECOND


def test_what_is_held_after_a_failure_is_due_when_it_is_let_go(task: Task) -> None:
    fail(task, at=ACCEPTED + 60 * SECOND, until=ACCEPTED + 61 * SECOND)
    task.wait(ACCEPTED + 3_600 * SECOND, "quiet_hours")
    task.state = State.HELD

    task.begin_attempt("second", ACCEPTED + 3_601 * SECOND)

    assert task.was_due == ACCEPTED + 3_600 * SECOND


def fail(task: Task, *, at: int, until: int) -> None:
    task.state = State.FAILED
    task.retry(until, "503", at=at)
    task.state = State.RETRYING
