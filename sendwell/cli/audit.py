"""`sendwell audit`: who changed what, and whether the log is as it was written."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from sendwell.cli.client import Client
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import REFUSED, print_json, show, show_table

_LARGEST_PAGE = 200


def audit(
    *,
    is_verifying: Annotated[
        bool, typer.Option("--verify", help="Follow the chain of hashes instead.")
    ] = False,
    user: Annotated[
        str | None,
        typer.Option(metavar="USER_ID", help="Only what was done to that person."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Show who changed what.

    Every change of operators, keys, rules, templates and people, and every replay, the newest
    first. People stand there under a fingerprint of their id; --user finds what was done to one.

    With --verify the log is followed from its first entry to its last, each of which holds a hash
    of the one before. Exits with 1 when one was changed, moved, removed or cut off.

    Examples:
      sendwell audit
      sendwell audit --verify
      sendwell audit --user user-001
      sendwell audit --limit 1000 --json
    """
    client = connect(url, key, data)
    if is_verifying:
        _verify(client, is_json=is_json)
        return
    entries = [entry for _, entry in zip(range(limit), _entries(client, limit, user), strict=False)]
    if is_json:
        print_json({"data": entries})
    elif not entries:
        show("Nothing has been changed yet." if user is None else f"Nothing was done to {user}.")
    else:
        header = ("number", "at", "who", "did", "to", "details")
        show_table(header, [_row(entry) for entry in entries])


def _verify(client: Client, *, is_json: bool) -> None:
    found = client.get("/audit/verification")
    if is_json:
        print_json(found)
    elif found["intact"]:
        show(f"The log is intact: {found['entries']:,} entries follow on each other.")
    else:
        show(f"The log is broken at entry {found['broken_at']:,}: {found['reason']}")
    if not found["intact"]:
        raise typer.Exit(REFUSED)


def _entries(client: Client, limit: int, user: str | None) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        query = {"limit": min(limit, _LARGEST_PAGE), "cursor": cursor, "user_id": user}
        page = client.get("/audit", query)
        yield from page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _row(entry: dict[str, Any]) -> tuple[object, ...]:
    details = ", ".join(f"{name}={value}" for name, value in entry["details"].items())
    return (
        entry["sequence"],
        entry["at"],
        entry["actor"],
        entry["action"],
        entry["subject"],
        details,
    )
