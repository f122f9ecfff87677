"""What is said of a task is said of all its moves alike."""

from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Fault
from sendwell.domain.triage import Cause
from sendwell.messages.moved import dead_of, status_of
from tests.unit.messages.builders import NOW, REQUEST, a_request, a_task

URGENT = a_request(lane=Lane.CRITICAL.value)
FAULT = Fault("http_413", "It is too large.", Blame.CONTENT)


def test_a_move_tells_the_lane_of_its_request_and_the_attempt() -> None:
    task = a_task(URGENT, attempt=2, provider="sendgrid", claimed_at=NOW)

    told = status_of(task, State.FAILED, NOW + 1, claimed_at=task.claimed_at, fault=FAULT)

    assert (told.lane, told.at, told.claimed_at) == (Lane.CRITICAL.value, NOW + 1, NOW)
    assert (told.attempt, told.provider, told.code) == (2, "sendgrid", "http_413")
    assert told.text == "It is too large."


def test_a_dead_letter_tells_why_it_was_given_up() -> None:
    letter = dead_of(a_task(attempt=3), FAULT, Cause.REJECTED_CONTENT, NOW)

    assert (letter.cause, letter.code, letter.attempt) == ("rejected_content", "http_413", 3)
    assert (letter.lane, letter.event_type) == (REQUEST.lane, REQUEST.event_type)
