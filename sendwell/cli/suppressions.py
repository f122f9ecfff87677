"""`sendwell suppressions`: addresses that must not be sent to."""

import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import typer

from sendwell.cli.client import step
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show, show_table

_MOST_AT_ONCE = 1_000
_STDIN = "-"

Channel = Annotated[str, typer.Argument(help="email, sms, push, …", show_default=False)]


def list_suppressions(
    *,
    channel: Annotated[str | None, typer.Option(help="Only of this channel.")] = None,
    address: Annotated[str | None, typer.Option(help="Only this one: is it on the list?")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this reason.")] = None,
    source: Annotated[
        str | None,
        typer.Option(help="hand, stop_word, unsubscribe, complaint, bounce or gone."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """List what must not be sent to, why, and who said so.

    Examples:
      sendwell suppressions list
      sendwell suppressions list --source stop_word
      sendwell suppressions list --address ada@example.org
    """
    query = {"channel": channel, "address": address, "reason": reason, "source": source}
    page = connect(url, key, data).get("/suppressions", {**query, "limit": limit})
    if is_json:
        print_json(page)
    elif page["data"]:
        names = ("channel", "address", "reason", "source", "since")
        rows = [[each[name] for name in names] for each in page["data"]]
        show_table([name.upper() for name in names], rows)
    else:
        show("Nothing matches." if any(query.values()) else "Nothing is suppressed.")


def add_suppressions(
    channel: Channel,
    addresses: Annotated[
        list[str], typer.Argument(help="Addresses; `-` reads them from a pipe, one a line.")
    ],
    *,
    reason: Annotated[str, typer.Option(help="Told on the timeline of what it stops.")] = "by_hand",
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
) -> None:
    """Send nothing to these addresses any more.

    Also nothing that is queued or scheduled already.

    Examples:
      sendwell suppressions add email ada@example.org --reason "asked by letter"
      sendwell suppressions add sms - < numbers.txt
    """
    client = connect(url, key, data)
    added = 0
    left = _all(addresses)
    while some := list(islice(left, _MOST_AT_ONCE)):
        entries = [{"channel": channel, "address": each, "reason": reason} for each in some]
        answer: dict[str, Any] = client.post("/suppressions", {"suppressions": entries})
        added += answer["added"]
    show(f"{added} suppressed.")


def remove_suppression(
    channel: Channel,
    address: Annotated[str, typer.Argument(show_default=False)],
    *,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
) -> None:
    """Allow an address again.

    Do that only for who has asked for it.

    Example:
      sendwell suppressions remove email ada@example.org
    """
    connect(url, key, data).delete(f"/suppressions/{step(channel)}/{step(address)}")
    show("It may be sent to again.")


def _all(addresses: Sequence[str]) -> Iterator[str]:
    if list(addresses) != [_STDIN]:
        yield from addresses
        return
    yield from (line.strip() for line in sys.stdin if line.strip())
