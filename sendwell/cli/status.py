"""`sendwell status`: where a notification stands."""

from typing import Annotated, Any

import typer

from sendwell.cli.client import step
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show, show_table

Id = Annotated[str, typer.Argument(metavar="ID", help="The notification's id.")]


def status(
    *, id_: Id, url: Url = HOME, key: Key = None, data: Data = None, is_json: IsJson = False
) -> None:
    """Show where a notification stands.

    With each of its deliveries: by whom it was sent, or why it was not.

    Examples:
      sendwell status sample-welcome
      sendwell status sample-welcome --json
    """
    found = connect(url, key, data).get(f"/notifications/{step(id_)}")
    if is_json:
        print_json(found)
    else:
        show_notification(found)


def show_notification(found: dict[str, Any]) -> None:
    """A notification and its deliveries, for people."""
    show(f"{found['id']}: {found['status']}", "")
    facts = {
        "event type": found["event_type"],
        "priority": f"{found['priority']}, category {found['category']}",
        "to": found["user_id"] or f"{found['recipients']} recipient(s)",
        "accepted": found["created_at"],
        "send at": found["send_at"],
        "expires": found["expires_at"],
    }
    show(*(f"{name:12}{value}" for name, value in facts.items() if value), "")
    if not found["deliveries"]:
        show("It is not planned yet; look again in a moment.")
        return
    header = ("DELIVERY", "STATUS", "PROVIDER", "ATTEMPTS", "SINCE", "WHY")
    show_table(header, [_row(each) for each in found["deliveries"]])


def _row(delivery: dict[str, Any]) -> tuple[object, ...]:
    return (
        delivery["id"],
        delivery["status"],
        delivery["provider"],
        delivery["attempts"],
        delivery["updated_at"],
        why(delivery),
    )


def why(delivery: dict[str, Any]) -> str:
    """What has decided where a delivery stands, if something has."""
    error, rule, due = delivery["error"], delivery["rule"], delivery["due_at"]
    said = f"{error['code']}: {error['text']}" if error else rule or ""
    return f"{said} (until {due})".strip() if due else said
