"""`sendwell people import`: a file of people, with a bar, however often the connection breaks."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import typer

from sendwell.cli.client import Client, step
from sendwell.cli.options import HOME, Data, IsJson, Key, Url, connect
from sendwell.cli.screen import REFUSED, console, print_json, show, show_table, warn
from sendwell.domain.errors import Invalid, SendwellError, Unavailable
from sendwell.domain.pauses import Pauses

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

INTERRUPTED = 130
"""The exit code after Ctrl-C: what a shell gives a program that SIGINT ended."""

_PIECE = 1024 * 1024
"""Bytes in one call; many times the longest line that is taken, and about a second's work."""
_PATIENCE_SECONDS = 300.0
"""How long nothing may come of trying again."""
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0
_CALL_SECONDS = 120.0
_TOLD = 10
_IN_JSON = 200
_KINDS = {".csv": "csv", ".tsv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_AGAIN = frozenset({"unreachable", "wrong_offset"})

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV or NDJSON.", exists=True, dir_okay=False)
]


def import_people(
    *,
    file: File,
    format_: Annotated[
        Literal["csv", "ndjson"] | None,
        typer.Option("--format", help="Else by the file's name.", show_default=False),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FIELD",
            help="What a column of a CSV file is; nothing behind the = leaves it out.",
            show_default=False,
        ),
    ] = None,
    mode: Annotated[
        Literal["replace", "merge"],
        typer.Option(help="merge: what a line does not give stays as it is."),
    ] = "replace",
    resume: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Go on with an import.", show_default=False),
    ] = None,
    url: Url = HOME,
    key: Key = None,
    data: Data = None,
    is_json: IsJson = False,
) -> None:
    """Import people from a file.

    Each line is stored as PUT /api/v1/users/USER_ID stores a person, or with --mode merge changes
    only what it gives; those that are wrong are told with the reason, and their neighbours are
    stored. CSV has a header with the names of fields (user_id, email, phone, country, url, name,
    locale, timezone, attributes.NAME).

    The file may be of any size. When the connection breaks or the server restarts, it goes on by
    itself; after Ctrl-C it goes on with --resume. Exits with 1 when a line was refused.

    Examples:
      sendwell people import people.csv
      sendwell people import customers.csv --column "E-Mail=email" --column "Notes="
      sendwell people import plans.csv --mode merge
      sendwell people import people.ndjson --resume 0199f8a2-6c1e-7d30-9b5a-3f1c2d4e5f60
    """
    client = connect(url, key, data, seconds=_CALL_SECONDS)
    if resume is None:
        state = _begin(
            client, file, format_ or _kind_of(file), columns=_columns(column or ()), mode=mode
        )
    else:
        state = _find(client, resume, file)
    try:
        done = _send(client, file, state)
    except KeyboardInterrupt:
        warn(f"\nInterrupted. Go on with: sendwell people import {file} --resume {state['id']}")
        raise typer.Exit(INTERRUPTED) from None
    except SendwellError as error:
        if error.code != Invalid.code:  # of a header that is wrong nothing can be taken up
            warn(f"It ended early. Go on: sendwell people import {file} --resume {state['id']}")
        raise
    _report(client, done, is_json=is_json)


def _begin(
    client: Client, file: Path, kind: str, *, columns: Mapping[str, str], mode: str
) -> dict[str, Any]:
    size = file.stat().st_size
    asked = {"format": kind, "mode": mode, "columns": columns, "total_bytes": size}
    begun: dict[str, Any] = client.post("/imports", asked)
    return begun


def _find(client: Client, id_: str, file: Path) -> dict[str, Any]:
    found: dict[str, Any] = client.get(_path(id_))
    if found["total_bytes"] not in {None, file.stat().st_size}:
        raise Invalid(
            f"{file} has {file.stat().st_size} bytes, but the import {id_} was begun with a file of"
            f" {found['total_bytes']}. Import it anew, without --resume."
        )
    return found


def _kind_of(file: Path) -> str:
    kind = _KINDS.get(file.suffix.lower())
    if kind is None:
        raise typer.BadParameter(f"--format: {file.name} does not say whether it is csv or ndjson.")
    return kind


def _columns(given: Sequence[str]) -> dict[str, str]:
    for each in given:
        if "=" not in each:
            raise typer.BadParameter(f"--column: {each!r} is not like E-Mail=email.")
    return {name: field for name, _, field in (each.rpartition("=") for each in given)}


def _send(client: Client, file: Path, state: dict[str, Any]) -> dict[str, Any]:
    moved_at = time.monotonic()
    size = file.stat().st_size
    with file.open("rb") as content, _bar(state, size) as (bar, task):
        while state["state"] == "open":
            before = state["offset"]
            try:
                state = _send_piece(client, content, state, size=size)
            except SendwellError as error:
                if not _may_pass(error) or time.monotonic() - moved_at > _PATIENCE_SECONDS:
                    raise
                state = _ask_again(client, state["id"])
            if state["offset"] > before:
                moved_at = time.monotonic()
            bar.update(task, completed=state["offset"], what=_counts(state))
    return state


def _send_piece(
    client: Client, content: BinaryIO, state: dict[str, Any], *, size: int
) -> dict[str, Any]:
    content.seek(state["offset"])
    piece = content.read(_PIECE)
    is_last = state["offset"] + len(piece) >= size
    headers = {
        "Content-Type": _TYPES[state["format"]],
        "Upload-Offset": str(state["offset"]),
        "Upload-Complete": "?1" if is_last else "?0",
    }
    answer: dict[str, Any] = client.patch(_path(state["id"]), piece, headers=headers)
    return answer


def _ask_again(client: Client, id_: str) -> dict[str, Any]:
    """How far the import is, once the server says so again."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    pauses = Pauses(_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
    while True:
        time.sleep(pauses.take())
        try:
            found: dict[str, Any] = client.get(_path(id_))
        except SendwellError as error:
            if not _may_pass(error) or time.monotonic() > deadline:
                raise
        else:
            return found


def _path(id_: str) -> str:
    return f"/imports/{step(id_)}"


def _may_pass(error: SendwellError) -> bool:
    return isinstance(error, Unavailable) or error.code in _AGAIN


@contextmanager
def _bar(state: dict[str, Any], size: int) -> Iterator[tuple["Progress", "TaskID"]]:
    """A bar on standard error, by the bytes that are stored; nothing where that is no terminal."""
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    screen = console(is_error=True)
    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as bar:
        yield (
            bar,
            bar.add_task(
                "Importing",
                total=size,
                completed=state["offset"],
                what=_counts(state),
            ),
        )


def _counts(state: dict[str, Any]) -> str:
    return (
        f"{state['created']:,} created, {state['updated']:,} updated, {state['refused']:,} refused"
    )


def _report(client: Client, done: dict[str, Any], *, is_json: bool) -> None:
    errors = client.get(f"{_path(done['id'])}/errors", {"limit": _IN_JSON if is_json else _TOLD})[
        "data"
    ]
    if is_json:
        print_json({**done, "errors": errors})
    else:
        show(f"{done['lines']:,} lines: {_counts(done)}.")
        _show_errors(done, errors)
    if done["refused"]:
        raise typer.Exit(REFUSED)


def _show_errors(done: dict[str, Any], errors: Sequence[dict[str, Any]]) -> None:
    if not errors:
        return
    rows = [(each["line"], each["field"], each["why"]) for each in errors]
    show("")
    show_table(("LINE", "FIELD", "WHY"), rows)
    if done["refused"] > len({each["line"] for each in errors}):
        show("", f"All of them: GET /api/v1/imports/{done['id']}/errors")
