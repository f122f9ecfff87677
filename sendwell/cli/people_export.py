"""`sendwell people export`: everything that is kept of a person."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sendwell.cli.client import step
from sendwell.cli.options import HOME, Data, Key, Url, connect
from sendwell.cli.screen import REFUSED, print_json, warn
from sendwell.domain.errors import Invalid

_SECONDS = 600
User = Annotated[str, typer.Argument(metavar="USER_ID", help="Your own id of the person.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write it there, readable by you alone.",
        show_default=False,
    ),
]  # fmt: skip


def export_person(
    *, user: User, output: Output = None, url: Url = HOME, key: Key = None, data: Data = None
) -> None:
    """Export everything that is kept of a person, as one JSON document.

    Profile, preferences, push tokens, subscriptions, consent, notifications with their timelines,
    the inbox. Exits with 1 when not everybody could be asked; the document says who.

    Examples:
      sendwell people export user-001
      sendwell people export user-001 -o user-001.json
    """
    client = connect(url, key, data, seconds=_SECONDS)
    found: dict[str, Any] = client.get(f"/users/{step(user)}/export")
    if output is None:
        print_json(found)
    else:
        _write(output, json.dumps(found, indent=2, ensure_ascii=False))
    if missing := found["missing"]:
        warn(f"It is not complete: {', '.join(missing)} could not be asked. Try again later.")
        raise typer.Exit(REFUSED)


def _write(file: Path, text: str) -> None:
    try:
        file.touch(mode=0o600)
        file.write_text(f"{text}\n")
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.") from error
