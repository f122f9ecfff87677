"""What the doctor says about who shares a PostgreSQL, and what has been left on it."""

from sendwell.adapters.facts.postgres import Member, PostgresFacts
from sendwell.cli.diagnosis.finding import Finding, Level
from sendwell.cli.diagnosis.postgres import judge_postgres
from sendwell.domain.left_behind import LeftBehind

DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
LIVING = Member(1, "host 12", 5.0)
PROMOTED = Member(0, "the promoted file", -1)


def said(*members: Member, left: tuple[LeftBehind, ...] = ()) -> list[Finding]:
    facts = PostgresFacts(
        version=160_004,
        is_pooled=False,
        is_superuser=False,
        is_standby=False,
        latency_ms=1.0,
        settings=DURABLE,
        clock_ahead_seconds=0.0,
        members=members,
        left_behind=left,
        days_ahead={},
        promotion=None,
        backlog=None,
    )
    return [each for each in judge_postgres(facts) if each.topic == "members"]


def by_the_file(*, is_run: bool = False) -> LeftBehind:
    return LeftBehind(0, "the promoted file", "", is_run=is_run)


def test_what_nobody_at_work_goes_on_with_is_wrong_and_names_the_way_out() -> None:
    _, finding = said(PROMOTED, LIVING, left=(by_the_file(),))

    assert finding.level is Level.WRONG
    assert finding.text == (
        "Work is left by 0 (the promoted file), whose lease has ended, and none of those at work on"
        " it are of the same service."
    )
    assert "`sendwell run all`" in str(finding.advice)


def test_what_one_of_the_others_takes_over_is_worth_a_word() -> None:
    _, finding = said(PROMOTED, LIVING, left=(by_the_file(is_run=True),))

    assert finding.level is Level.NOTE
    assert str(finding.advice).startswith("One of the others takes it over within moments")


def test_where_nobody_is_at_work_it_is_said_who_goes_on_with_it() -> None:
    nobody, finding = said(PROMOTED, left=(by_the_file(),))

    assert (nobody.text, finding.level) == ("No process is at work on it.", Level.NOTE)
    assert "`sendwell run all`" in str(finding.advice)


def test_who_has_left_nothing_is_not_spoken_of() -> None:
    (finding,) = said(PROMOTED, LIVING)

    assert (finding.level, finding.text) == (
        Level.OK,
        "At work on it: 1 (host 12, 5 s left).",
    )
