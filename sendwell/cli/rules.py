"""`sendwell rules`: what your organization has decided, read and changed section by section."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import print_json, show, show_table
from sendwell.domain.errors import Invalid

_SECTIONS = (
    "priorities", "routing", "limits", "quota", "budget", "channels", "locality", "preferences"
)  # fmt: skip
_NAMES = ", ".join(_SECTIONS)
_WIDEST = 80
MaybeSection = Annotated[
    str | None,
    typer.Argument(metavar="[SECTION]", help=f"One of {_NAMES}.", show_default=False),
]
Section = Annotated[str, typer.Argument(metavar="SECTION", help=f"One of {_NAMES}.")]


def get_rules(
    *,
    section: MaybeSection = None,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Show what holds: all rules in short, or one section as the JSON that `set` takes.

    Examples:
      sendwell rules get
      sendwell rules get budget
      sendwell rules get priorities > priorities.json
    """
    client = connect(url, key, data)
    if section is not None:
        print_json(client.get(f"/rules/{_named(section)}"))
        return
    found = client.get("/rules")
    if is_json:
        print_json(found)
    else:
        rows = [_row(name, found) for name in found["rules"]]
        show_table(("SECTION", "DECIDED BY", "SAYS"), rows)


def set_rules(
    *,
    section: Section,
    file: Annotated[
        str, typer.Argument(metavar="[FILE|-]", help="Its JSON; - is standard input.")
    ] = "-",
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Replace a section. It holds within seconds, also for what is queued.

    The change is put on the audit log. Nothing is changed where anything in it is wrong.

    Examples:
      echo '{"per_day": 5, "over": "drop"}' | sendwell rules set budget
      sendwell rules set priorities priorities.json
    """
    body = _read(file)
    changed = connect(url, key, data).put(f"/rules/{_named(section)}", body)
    _tell(changed, f"The rules {section} are replaced.", is_json=is_json)


def reset_rules(
    *,
    section: Section,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Forget your own rules of a section: what the installation says holds again.

    Example:
      sendwell rules reset budget
    """
    changed = connect(url, key, data).delete(f"/rules/{_named(section)}")
    _tell(changed, f"The rules {section} are the installation's again.", is_json=is_json)


def _named(section: str) -> str:
    if section not in _SECTIONS:
        raise Invalid(f"There is no section {section!r}; there are {_NAMES}.")
    return section


def _tell(changed: Any, said: str, *, is_json: bool) -> None:
    if is_json:
        print_json(changed)
    else:
        show(said)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from error


def _row(name: str, found: dict[str, Any]) -> tuple[str, str, str]:
    said = json.dumps(found["rules"][name], ensure_ascii=False)
    short = said if len(said) <= _WIDEST else f"{said[: _WIDEST - 1]}…"
    return name, "you" if name in found["own"] else "the installation", short
