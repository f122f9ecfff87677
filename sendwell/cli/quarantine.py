"""`sendwell quarantine`: messages from a bus that could not be taken, and why."""

import sys
from base64 import b64decode
from typing import Annotated, Any

import typer

from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show, show_table

_HERE = "gateway"
"""The service that is asked."""

MessageId = Annotated[
    int | None,
    typer.Argument(metavar="[ID]", help="Show this one in full.", show_default=False),
]
ByStream = Annotated[
    str | None, typer.Option("--stream", help="Only what came by this topic or queue.")
]
ByReason = Annotated[str | None, typer.Option("--reason", help="Only those with this reason tag.")]
ByService = Annotated[
    str | None, typer.Option("--service", help="Together with ID: which service has it.")
]
IsRaw = Annotated[
    bool, typer.Option("--raw", help="Together with ID: write its bytes, as they came.")
]


def quarantine(
    *,
    message: MessageId = None,
    stream: ByStream = None,
    reason: ByReason = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    service: ByService = None,
    is_raw: IsRaw = False,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """List what came by a bus and could not be taken, and why.

    The newest first, and what to do about each reason; with a number, one of them in full.

    Examples:
      sendwell quarantine
      sendwell quarantine --reason malformed_json --stream notification.requested
      sendwell quarantine 12
      sendwell quarantine 12 --raw > message
      sendwell quarantine 12 --service receipts
    """
    if message is None and (is_raw or service):
        name = "--raw" if is_raw else "--service"
        raise typer.BadParameter(f"{name} goes with the number of a message.")
    client = connect(url, key, data)
    if message is not None:
        kept = client.get(f"/quarantine/{message}", {"service": service})
        _show_one(kept, is_raw=is_raw, is_json=is_json)
    else:
        narrowed = {"stream": stream, "reason": reason}
        page = client.get("/quarantine", {**narrowed, "limit": limit})
        _show_page(page, is_narrowed=any(narrowed.values()), is_json=is_json)


def _show_one(kept: dict[str, Any], *, is_raw: bool, is_json: bool) -> None:
    body = b64decode(kept["body"])
    if is_raw:
        sys.stdout.flush()
        sys.stdout.buffer.write(body)
    elif is_json:
        print_json(kept)
    else:
        facts = (
            "service",
            "stream",
            "place",
            "at",
            "reason",
            "text",
            "pointer",
            "message_id",
            "key",
        )
        show_table(("FIELD", "VALUE"), [(name, kept[name]) for name in facts])
        show("", *(f"{name}: {value}" for name, value in sorted(kept["headers"].items())))
        show("", body.decode(errors="backslashreplace"), "", kept["hint"])


def _show_page(page: dict[str, Any], *, is_narrowed: bool, is_json: bool) -> None:
    if is_json:
        print_json(page)
        return
    if page["data"]:
        _show_rows(page["data"])
    else:
        show("Nothing matches." if is_narrowed else "Nothing is in quarantine.")
    if page["incomplete"]:
        show("", f"Could not be asked: {', '.join(page['incomplete'])}.")


def _show_rows(kept: list[dict[str, Any]]) -> None:
    facts = ("id", "service", "reason", "at", "place", "text")
    rows = [tuple(each[name] for name in facts) for each in kept]
    show_table(("ID", "SERVICE", "REASON", "WHEN", "PLACE", "WHAT IS WRONG"), rows)
    hints = {each["reason"]: each["hint"] for each in kept}
    show("", *(f"{reason}: {hint}" for reason, hint in hints.items()))
    first = kept[0]
    elsewhere = "" if first["service"] == _HERE else f" --service {first['service']}"
    show("", f"To see one: sendwell quarantine {first['id']}{elsewhere}")
