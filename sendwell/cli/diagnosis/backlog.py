"""What is to be said about what waits in a database. Pure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sendwell.cli.diagnosis.finding import Finding, note, wrong

if TYPE_CHECKING:
    from sendwell.adapters.facts.backlog import Backlog, Waiting

_LONG_SECONDS = 60


class _Kind(NamedTuple):
    """What may wait, in words: for one, for many, and what for."""

    topic: str
    one: str
    many: str
    what: str
    advice: str
    nothing: str | None = None
    """Said where nothing waits; None: nothing is said then."""


_PLANNING = _Kind(
    "planning",
    "One accepted notification is",
    "accepted notifications are",
    "not planned yet",
    advice="Is a Sendwell at work on this database? Its /readyz says whether it gets on.",
    nothing="Every accepted notification is planned.",
)
_PUBLISHING = _Kind(
    "outbox",
    "One message is",
    "messages are",
    "not published yet",
    advice="Does the bus answer? What waits here goes out as soon as it does.",
    nothing="Nothing waits for the bus.",
)
_STANDING = _Kind(
    "outbox",
    "One of them stands",
    "of them stand",
    "still: the bus takes others, not these",
    advice="The log says which stream and why (outbox.stream_stands_still). What waits goes out as"
    " soon as the bus takes it.",
)
_UNTOLD = _Kind(
    "history",
    "One commit is",
    "commits are",
    "not in the history yet",
    advice="Does HISTORY_URL answer, here and for the processes? What waits is kept here.",
)


def judge_backlog(backlog: "Backlog", *, has_bus: bool = True) -> Iterator[Finding]:
    """What is to be planned, and to be published; what of that stands still, and what the history
    is to hear, if there is any. `has_bus`: somebody takes what is to be published.
    """
    for kind, waiting in (
        (_PLANNING, backlog.unplanned),
        (_PUBLISHING, backlog.letters),
        (_STANDING, backlog.standing),
        (_UNTOLD, backlog.untold),
    ):
        if kind is _PUBLISHING and not has_bus and waiting.seconds > _LONG_SECONDS:
            yield _without_bus(waiting)
        elif waiting.count and (kind is not _STANDING or has_bus):
            yield _judge(kind, waiting)
        elif kind.nothing is not None:
            yield Finding(kind.topic, kind.nothing)


def _without_bus(letters: "Waiting") -> Finding:
    return wrong(
        _PUBLISHING.topic,
        f"{_counted(_PUBLISHING, letters)}, and BROKER_URL is not set: nobody takes them.",
        "Set BROKER_URL and PRESET as they were when these were written, here and for a process on"
        " this database, until nothing waits.",
    )


def _judge(kind: _Kind, waiting: "Waiting") -> Finding:
    text = f"{_counted(kind, waiting)}."
    if waiting.seconds > _LONG_SECONDS:
        return note(kind.topic, text, kind.advice)
    return Finding(kind.topic, text)


def _counted(kind: _Kind, waiting: "Waiting") -> str:
    who = kind.one if waiting.count == 1 else f"{waiting.count:,} {kind.many}"
    return f"{who} {kind.what}, for {waiting.seconds:,.0f} s at most"
