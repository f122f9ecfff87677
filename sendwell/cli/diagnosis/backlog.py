"""What is to be said about what waits in a database. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sendwell.cli.diagnosis.finding import Finding, note

if TYPE_CHECKING:
    from sendwell.adapters.facts.backlog import Backlog, Waiting

_LONG_SECONDS = 60


def judge_backlog(backlog: "Backlog") -> Iterator[Finding]:
    """One finding for what is to be planned, one for what is to be published; one for what of that
    stands still, and one for what the history is to hear, if there is any.
    """
    yield _judge(
        "planning",
        backlog.unplanned,
        "Every accepted notification is planned.",
        words=("One accepted notification is", "accepted notifications are", "not planned yet"),
        advice="Is a Sendwell at work on this database? Its /readyz says whether it gets on.",
    )
    yield _judge(
        "outbox",
        backlog.letters,
        "Nothing waits for the bus.",
        words=("One message is", "messages are", "not published yet"),
        advice="Does the bus answer? What waits here goes out as soon as it does.",
    )

    if backlog.standing.count:
        yield _judge(
            "outbox",
            backlog.standing,
            "",
            words=("One of them stands", "of them stand", "still: the bus takes others, not these"),
            advice="The log says which stream and why (outbox.stream_stands_still). What waits"
            " goes out as soon as the bus takes it.",
        )
    if backlog.untold.count:
        yield _judge(
            "history",
            backlog.untold,
            "",
            words=("One commit is", "commits are", "not in the history yet"),
            advice="Does HISTORY_URL answer, here and for the processes? What waits is kept here.",
        )


def _judge(
    topic: str, waiting: "Waiting", nothing: str, *, words: tuple[str, str, str], advice: str
) -> Finding:
    if not waiting.count:
        return Finding(topic, nothing)
    one, many, what = words
    who = one if waiting.count == 1 else f"{waiting.count:,} {many}"
    text = f"{who} {what}, for {waiting.seconds:,.0f} s at most."
    return note(topic, text, advice) if waiting.seconds > _LONG_SECONDS else Finding(topic, text)
