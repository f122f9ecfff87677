"""`sendwell timeline`: everything that happened to a notification, and why."""

from sendwell.cli.client import Client, step
from sendwell.cli.drawing import draw
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show
from sendwell.cli.status import Id


def timeline(
    *, id_: Id, url: Url = HOME, key: Key = None, data: Data = None, is_json: IsJson = False
) -> None:
    """Show what happened to a notification.

    Every step, with its time and its reason, drawn from top to bottom.

    Examples:
      sendwell timeline sample-welcome
      sendwell timeline sample-welcome --json
    """
    client = connect(url, key, data)
    if is_json:
        print_json(client.get(f"/notifications/{step(id_)}/timeline"))
    else:
        show_timeline(client, id_)


def show_timeline(client: Client, id_: str) -> None:
    """Draw the timeline as it is now."""
    events = client.get(f"/notifications/{step(id_)}/timeline")["events"]
    show(*draw(id_, events))
