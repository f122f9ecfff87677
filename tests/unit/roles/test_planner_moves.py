"""What planning says of the deliveries that end or wait by it."""

import pytest

from sendwell.domain.admission import Stop
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.roles.orchestrator.planner import buried, moved
from tests.unit.messages.builders import NOW, a_request, a_task

URGENT = a_request(lane=Lane.CRITICAL.value)


@pytest.mark.parametrize(
    ("state", "rule"),
    [(State.SUPPRESSED, "consent"), (State.FAILED, "consent"), (State.DEAD, None)],
)
def test_what_ends_at_planning_tells_its_lane_and_the_rule(state: State, rule: str | None) -> None:
    stop = Stop(State.SUPPRESSED, "consent", "The person has opted out.")

    told = moved(a_task(URGENT), state, NOW, stop=stop)

    assert told.lane == Lane.CRITICAL.value
    assert (told.rule, told.code, told.text) == (rule, "consent", stop.text)


def test_what_waits_at_planning_tells_its_lane_and_until_when() -> None:
    task = a_task(URGENT, state=State.HELD, due=NOW + 5, reason="quiet_hours")

    told = moved(task, State.HELD, NOW)

    assert (told.lane, told.rule, told.due) == (Lane.CRITICAL.value, "quiet_hours", NOW + 5)
    assert told.code is told.text is None


def test_what_is_buried_at_planning_is_our_fault() -> None:
    letter = buried(a_task(), Stop(State.DEAD, "defect", "KeyError."), NOW)

    assert (letter.cause, letter.code, letter.text) == ("internal", "defect", "KeyError.")
