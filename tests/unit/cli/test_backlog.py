"""What the doctor says about what waits in a database."""

from sendwell.adapters.facts.backlog import Backlog, Waiting, waiting
from sendwell.cli.diagnosis.backlog import judge_backlog
from sendwell.cli.diagnosis.finding import Level

NOTHING = Waiting(0, 0)


def test_nothing_that_waits_is_fine() -> None:
    findings = [*judge_backlog(Backlog(letters=NOTHING, unplanned=NOTHING))]

    assert {finding.level for finding in findings} == {Level.OK}


def test_what_waits_for_moments_is_fine_and_for_minutes_is_worth_a_word() -> None:
    planning, outbox = judge_backlog(Backlog(letters=Waiting(1_200, 90), unplanned=Waiting(1, 2)))

    assert (planning.level, outbox.level) == (Level.OK, Level.NOTE)
    assert planning.text == "One accepted notification is not planned yet, for 2 s at most."
    assert outbox.text == "1,200 messages are not published yet, for 90 s at most."
    assert outbox.advice


def test_what_the_history_is_to_hear_is_told_where_something_waits() -> None:
    waits = Backlog(letters=NOTHING, unplanned=NOTHING, untold=Waiting(7, 90))

    _, _, history = judge_backlog(waits)

    assert (history.topic, history.level) == ("history", Level.NOTE)
    assert history.text == "7 commits are not in the history yet, for 90 s at most."


def test_what_the_bus_does_not_take_while_it_takes_others_is_told_apart() -> None:
    waits = Backlog(Waiting(9, 90), unplanned=NOTHING, standing=Waiting(7, 90))

    _, outbox, standing = judge_backlog(waits)

    assert (outbox.topic, standing.topic, standing.level) == ("outbox", "outbox", Level.NOTE)
    assert standing.text.startswith("7 of them stand still: the bus takes others, not these")
    assert "outbox.stream_stands_still" in str(standing.advice)


def test_what_waits_for_a_bus_that_is_not_set_is_wrong() -> None:
    waits = Backlog(Waiting(3, 100), unplanned=NOTHING, standing=Waiting(1, 100))

    _, outbox = judge_backlog(waits, has_bus=False)

    assert (outbox.topic, outbox.level) == ("outbox", Level.WRONG)
    assert outbox.text == (
        "3 messages are not published yet, for 100 s at most, and BROKER_URL is not set:"
        " nobody takes them."
    )
    assert "BROKER_URL and PRESET as they were" in str(outbox.advice)


def test_where_nothing_waits_no_bus_is_missed() -> None:
    findings = [*judge_backlog(Backlog(letters=NOTHING, unplanned=NOTHING), has_bus=False)]

    assert {finding.level for finding in findings} == {Level.OK}


def test_a_position_tells_since_when_it_waits() -> None:
    now = 1_800_000_000_000_000

    assert waiting((3, (now // 1000 - 5_000) << 21), now) == Waiting(3, 5.0)
    assert waiting((0, None), now) == NOTHING
