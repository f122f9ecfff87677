"""`sendwell ledger`: is everything that was accepted somewhere?"""

import time
from typing import Any

import typer

from sendwell.cli.client import Client
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import REFUSED, print_json, show

_COLUMNS = ("pending", "sent", "delivered", "failed", "suppressed", "cancelled", "expired")
_READS = 5
_PAUSE_SECONDS = 0.2


def ledger(*, url: Url = HOME, key: Key = None, data: Data = None, is_json: IsJson = False) -> None:
    """Check that nothing accepted is missing.

    The ledger sets the deliveries that were accepted against what became of them.

    Exits with 1 when it does not add up. While messages are on their way its two sides are read
    a moment apart, so a difference is read again for a second before it counts.

    Examples:
      sendwell ledger
      sendwell ledger --json
    """
    found = _settled(connect(url, key, data))
    if is_json:
        print_json(found)
    else:
        _show(found)
    if not found["adds_up"]:
        raise typer.Exit(REFUSED)


def _settled(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/ledger")
    for _ in range(_READS):
        if found["adds_up"]:
            break
        time.sleep(_PAUSE_SECONDS)
        found = client.get("/ledger")
    return found


def _show(found: dict[str, Any]) -> None:
    width = max(len(f"{found[name]:,}") for name in ("accepted", *_COLUMNS))
    show(f"accepted      {found['accepted']:>{width},}")
    show(*(f"  {name:12}{found[name]:>{width},}" for name in _COLUMNS))
    if found["adds_up"]:
        show("It adds up.")
    elif found["difference"] > 0:
        show(f"It does not add up: {found['difference']:,} deliveries are missing.")
    else:
        show(f"It does not add up: there are {-found['difference']:,} deliveries too many.")
