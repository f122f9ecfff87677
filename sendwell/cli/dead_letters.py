"""`sendwell dead-letters`: what was given up, why, and what to do about it."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from sendwell.cli.client import Client
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show, show_table
from sendwell.domain.triage import Cause

_LARGEST_PAGE = 200

ByCause = Annotated[Cause | None, typer.Option("--cause", help="Only those with this cause tag.")]
ByChannel = Annotated[str | None, typer.Option("--channel", help="Only those of this channel.")]
ByEventType = Annotated[
    str | None, typer.Option("--event-type", help="Only those of this event type.")
]
ByCode = Annotated[str | None, typer.Option("--code", help="Only those with this error code.")]


def dead_letters(
    *,
    cause: ByCause = None,
    channel: ByChannel = None,
    event_type: ByEventType = None,
    code: ByCode = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """List what was given up, and why.

    Dead letters, the newest first, and what to do about each cause.

    Examples:
      sendwell dead-letters
      sendwell dead-letters --cause provider_outage --channel sms
      sendwell dead-letters --limit 1000 --json
    """
    narrowed = narrowing(cause, channel, event_type=event_type, code=code)
    letters = list(_letters(connect(url, key, data), narrowed, limit))
    if is_json:
        print_json({"data": letters})
    elif letters:
        _show(letters)
    else:
        show("There are no dead letters." if not narrowed else "No dead letter matches.")


def narrowing(
    cause: Cause | None, channel: str | None, *, event_type: str | None, code: str | None
) -> dict[str, str]:
    """The filter as the API takes it."""
    given = {
        "cause": cause.value if cause else None,
        "channel": channel,
        "event_type": event_type,
        "code": code,
    }
    return {name: value for name, value in given.items() if value is not None}


def _letters(client: Client, narrowed: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    cursor, left = None, limit
    while left > 0:
        size = min(left, _LARGEST_PAGE)
        page = client.get("/dead-letters", {**narrowed, "limit": size, "cursor": cursor})
        yield from page["data"]
        left -= len(page["data"])
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _show(letters: list[dict[str, Any]]) -> None:
    header = ("ID", "CAUSE", "NOTIFICATION", "DELIVERY", "ATTEMPTS", "WHEN", "AGAIN AS", "ERROR")
    show_table(header, [_row(letter) for letter in letters])
    hints = {letter["cause"]: letter["hint"] for letter in letters}
    show("", *(f"{cause}: {hint}" for cause, hint in hints.items()))
    show("", f"To send one again: sendwell replay {letters[0]['id']}")


def _row(letter: dict[str, Any]) -> tuple[object, ...]:
    error = letter["error"]
    return (
        letter["id"],
        letter["cause"],
        letter["notification_id"],
        letter["delivery"],
        letter["attempts"],
        letter["at"],
        letter["replayed_as"],
        f"{error['code']}: {error['text']}" if error["code"] else error["text"],
    )
