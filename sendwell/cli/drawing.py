"""A timeline as lines of text: one event below the other, the same moments side by side."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

Event = Mapping[str, Any]
_MARKS = {
    "CREATED": "●", "SENT": "✔", "DELIVERED": "✔",
    "DEAD": "✖", "FAILED": "✖", "BOUNCED": "✖", "COMPLAINED": "✖",
    "RETRIED": "↻", "HELD": "‖", "SCHEDULED": "‖",
}  # fmt: skip
_OTHERWISE = "○"
_FACTS = ("provider_message_id", "code", "rule", "due_at")
_CALLED = {"provider_message_id": "provider's id", "due_at": "until"}
_TIME_WIDTH = len("00:00:00.000")


def draw(id_: str, events: Sequence[Event]) -> Iterator["Text"]:
    """The lines of a timeline. Times are UTC; the date stands above the first event of each day."""
    from rich.text import Text

    yield Text(id_, style="bold")
    day = None
    for number, event in enumerate(events):
        if event["at"][:10] != day:
            day = event["at"][:10]
            yield Text(f"{day} UTC", style="dim")
        yield from _event(event, is_last=number == len(events) - 1)


def _event(event: Event, *, is_last: bool) -> Iterator["Text"]:
    from rich.text import Text

    from sendwell.cli.screen import STYLES

    name = event["event"]
    style = STYLES.get(name, "cyan")
    time = event["at"][11:23]
    mark = _MARKS.get(name, _OTHERWISE)
    yield Text.assemble(
        (time.ljust(_TIME_WIDTH), "dim"), "  ", (f"{mark} {name}", style), _whose(event)
    )
    rail = f"{' ' * _TIME_WIDTH}  {' ' if is_last else '│'} "
    for line in (event["text"], *_facts(event)):
        yield Text.assemble((rail, "dim"), line)


def _whose(event: Event) -> str:
    """Which delivery, by whom, and which attempt, as far as it is somebody's."""
    if "delivery" not in event:
        return ""
    by = f" by {event['provider']}" if "provider" in event else ""
    attempt = f", attempt {event['attempt']}" if "attempt" in event else ""
    return f"  {event['delivery']}{by}{attempt}"


def _facts(event: Event) -> Iterator[str]:
    for name in _FACTS:
        if name in event:
            yield f"{_CALLED.get(name, name)}: {event[name]}"
