"""`sendwell people`: see a person, and import many."""

from typing import Annotated, Any

import typer

from sendwell.cli.client import step
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show

User = Annotated[str, typer.Argument(metavar="USER_ID", help="Your own id of the person.")]
_FIELDS = ("email", "phone", "url", "name", "locale", "timezone", "created_at", "updated_at")


def show_person(
    *, user: User, url: Url = HOME, key: Key = None, data: Data = None, is_json: IsJson = False
) -> None:
    """Show a person, and what they chose.

    Examples:
      sendwell people show user-001
      sendwell people show user-001 --json
    """
    client = connect(url, key, data)
    person = client.get(f"/users/{step(user)}")
    preferences = client.get(f"/users/{step(user)}/preferences")
    if is_json:
        print_json({**person, "preferences": preferences})
    else:
        _show(person, preferences)


def _show(person: dict[str, Any], preferences: dict[str, Any]) -> None:
    show(person["user_id"], "")
    show(*(_line(name, person[name]) for name in _FIELDS if person[name]))
    show(*(_line(f"attribute {name}", value) for name, value in person["attributes"].items()))
    show(*(_line(f"push token {each['number']}", each["token"]) for each in person["tokens"]))
    show("", *(_line(name, value) for name, value in preferences.items() if value))


def _line(name: str, value: object) -> str:
    return f"{name:14} {value}"
