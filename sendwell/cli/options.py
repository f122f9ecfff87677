"""The options that all commands share which talk to a running Sendwell."""

from pathlib import Path
from typing import Annotated

import typer

from sendwell.cli.client import Client, is_loopback
from sendwell.domain.errors import Invalid

HOME = "http://127.0.0.1:8000"
KEY_FILE = "api-key"
_ONE = "it is one line of ASCII characters"

Url = Annotated[
    str, typer.Option(envvar="SENDWELL_URL", metavar="URL", help="Where Sendwell runs.")
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="SENDWELL_API_KEY",
        metavar="KEY|@FILE",
        help="API key, or @ and the file that holds it. Not needed for the sample on loopback.",
        show_default=False,
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Data folder of a `sendwell up --no-sample`, to take the API key from.",
        show_default=False,
    ),
]
IsJson = Annotated[bool, typer.Option("--json", help="Print the JSON of the API instead.")]


def connect(url: str, key: str | None, data: Path | None = None, *, seconds: float = 30) -> Client:
    """A client for what the options say. Raises typer's usage error where they cannot be used."""
    client = reach(url, key=_key(key, data), seconds=seconds)
    if key is None and data is None and not is_loopback(url):
        raise typer.BadParameter(f"{url} asks for an API key: give --key, or set SENDWELL_API_KEY.")
    return client


def reach(url: str, *, key: str | None = None, seconds: float = 30) -> Client:
    """A client for that address, as a rule without a key. Raises typer's usage error for none."""
    try:
        return Client(url, key, seconds=seconds)
    except ValueError as error:
        raise typer.BadParameter(f"--url: {error}") from error


def _key(key: str | None, data: Path | None) -> str | None:
    if key is not None and key.startswith("@"):
        return _read(Path(key[1:]))
    if key is None and data is not None:
        return _read(data / KEY_FILE)
    if key is not None and not _can_be_key(key):
        raise typer.BadParameter(f"--key, or SENDWELL_API_KEY: this is not an API key; {_ONE}.")
    return key


def _read(file: Path) -> str:
    try:
        key = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Invalid(f"The API key cannot be read from {file}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"The API key cannot be read from {file}: it is not a text.") from error
    if not _can_be_key(key):
        raise Invalid(f"{file} does not hold one API key; {_ONE}.")
    return key


def _can_be_key(text: str) -> bool:
    return text.isascii() and text.isprintable()
