"""`sendwell people erase`: nothing of a person is left."""

import time
from typing import Annotated, Any

import typer

from sendwell.cli.client import Client, step
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import REFUSED, print_json, show, warn

_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 60
User = Annotated[str, typer.Argument(metavar="USER_ID", help="Your own id of the person.")]
IsSure = Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")]


def erase_person(
    *,
    user: User,
    is_sure: IsSure = False,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Erase a person everywhere.

    They are gone at once, and nothing that comes late brings them back. Waits up to a minute until
    everybody has let go of them; exits with 1 when somebody still has not. It goes on by itself.

    It cannot be undone.

    Examples:
      sendwell people erase user-001
      sendwell people erase user-001 --yes
    """
    client = connect(url, key, data)
    if not is_sure:
        typer.confirm(f"Erase {user} for good?", abort=True, err=True)
    found = _settled(client, client.post(f"/users/{step(user)}/erasure"))
    if is_json:
        print_json(found)
    else:
        _show(user, found)
    if not found["is_done"]:
        warn(f"It goes on: GET /api/v1/erasures/{found['id']} says how far it is.")
        raise typer.Exit(REFUSED)


def _settled(client: Client, found: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not found["is_done"] and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
        found = client.get(f"/erasures/{found['id']}")
    return found


def _show(user: str, found: dict[str, Any]) -> None:
    show(f"{user} is {'erased' if found['is_done'] else 'gone, and being erased elsewhere'}.")
    for each in found["keepers"]:
        waits = "" if each["is_done"] else f"  {each['waits'] or 'looks once more'}"
        show(f"  {each['keeper']:12}{each['erased']:>8,}{waits}")
