"""From what was typed to the request that the API takes."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

_FIELDS = {"email": "email", "phone": "phone", "token": "token", "url": "url", "user": "user_id"}
_TTL = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>[smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def recipients(to: Sequence[str], users: Sequence[str]) -> dict[str, Any]:
    """Whom to tell, as members of the request.

    One user and one address together are that person at that address. Raises typer's usage error
    for nobody, and for what is no address of a kind that can be told.
    """
    addresses = [_address(text) for text in to]
    if len(users) == 1 and not addresses:
        return {"user_id": users[0]}
    if len(users) == 1 and len(addresses) == 1:
        return {"to": {"user_id": users[0], **addresses[0]}}
    everybody = [*({"user_id": user} for user in users), *addresses]
    if not everybody:
        raise typer.BadParameter("Say whom to tell: --to ADDRESS or --user ID.")
    return {"to": everybody[0] if len(everybody) == 1 else everybody}


def _address(text: str) -> dict[str, str]:
    kind, colon, rest = text.partition(":")
    if colon and kind in _FIELDS:
        return {_FIELDS[kind]: rest}
    if text.startswith(("http://", "https://")):
        return {"url": text}
    if text.startswith("+"):
        return {"phone": text}
    if "@" in text:
        return {"email": text}
    raise typer.BadParameter(
        f"--to {text!r}: not an e-mail address, +phone number or http(s) URL."
        " Write token:… for a push token, and --user for a person's id."
    )


def json_object(text: str, option: str) -> dict[str, Any]:
    """The JSON object typed, or in the file named behind an @."""
    try:
        value = json.loads(text_or_file(text, option))
    except ValueError as error:
        raise typer.BadParameter(f"{option}: this is not JSON: {error}.") from error
    except RecursionError as error:
        raise typer.BadParameter(f"{option}: its values are nested too deep.") from error
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{option}: this must be a JSON object, like '{{\"name\": 1}}'.")
    return value


def text_or_file(text: str, option: str) -> str:
    """The text typed, or that of the file named behind an @."""
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{option}: {text[1:]} cannot be read: {error}.") from error


def check_header(text: str, option: str) -> None:
    """Raise typer's usage error for what cannot go out as a header."""
    if not text.isprintable() or max(text, default="") > "\xff":
        raise typer.BadParameter(f"{option}: use visible ASCII characters.")


def ttl_seconds(text: str) -> int:
    """`90`, `90s`, `10m`, `2h` or `1d` in seconds."""
    found = _TTL.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"--ttl {text!r}: write it as 90s, 10m, 2h or 1d.")
    return int(found["count"]) * _SECONDS[found["unit"]]
