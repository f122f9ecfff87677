"""`sendwell promote`: moves an installation from its SQLite file to a PostgreSQL."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sendwell.cli.screen import console, print_json, show, show_table, warn
from sendwell.settings import Url
from sendwell.settings.schemes import POSTGRESQL

if TYPE_CHECKING:
    from sendwell.bootstrap.promotion import Promotion, Tell

_FILE = "sendwell.db"
_INTERRUPTED = 130
_DIGITS = 16
"""Of a digest, for people; --json has all."""


def promote(
    *,
    source: Annotated[
        Path, typer.Option("--from", metavar="FOLDER", help="The data folder of `sendwell up`.")
    ] = Path("data"),
    to: Annotated[
        str, typer.Option("--to", metavar="URL", help="An empty database: postgresql://…")
    ],
    is_ahead: Annotated[
        bool, typer.Option("--ahead", help="Copy what is there while Sendwell goes on working.")
    ] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Move everything from a SQLite file to a PostgreSQL.

    Notifications, timelines, keys, templates, people, and what still waits to be sent. Stop the
    Sendwell on that file first; what takes long can be copied ahead by --ahead before that. It can
    be interrupted: the same command goes on where it was. At the end the rows of every table are
    counted and compared by a digest over all of them. Then nothing can be started on the file any
    more, so that nothing is sent twice.

    Examples:
      sendwell promote --from ./data --to postgresql://sendwell:…@db/sendwell --ahead
      sendwell promote --from ./data --to postgresql://sendwell:…@db/sendwell
    """
    from sendwell.bootstrap.promotion import promote as move

    url = Url.parse(to, [POSTGRESQL])
    file = (source if source.is_file() else source / _FILE).resolve()
    try:
        with _progress() as tell:
            promotion = asyncio.run(move(file, url, is_ahead=is_ahead, tell=tell))
    except KeyboardInterrupt:
        warn("sendwell: interrupted; the same command goes on where it was.")
        raise typer.Exit(_INTERRUPTED) from None
    if is_json:
        print_json(_document(promotion, is_ahead=is_ahead))
    else:
        _show(promotion, url, is_ahead=is_ahead)


@contextmanager
def _progress() -> "Iterator[Tell]":
    """A bar on standard error for each table; nothing where that is no terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    screen = console(is_error=True)
    columns = (
        TextColumn("{task.description:30}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, disable=not screen.is_terminal, transient=True) as bar:
        task = bar.add_task("Looking …", total=None)

        def tell(what: str, table: str, done: int, total: int) -> None:
            bar.update(task, description=f"{what} {table}", completed=done, total=total or None)

        yield tell


def _document(promotion: "Promotion", *, is_ahead: bool) -> dict[str, Any]:
    return {
        "is_complete": not is_ahead,
        "copied": promotion.copied,
        "rows": promotion.rows,
        "tables": [asdict(each) for each in promotion.tables],
    }


def _show(promotion: "Promotion", url: Url, *, is_ahead: bool) -> None:
    if is_ahead:
        show(
            f"{promotion.copied:,} rows were copied ahead.",
            "Now stop the Sendwell on that file, and run the same without --ahead.",
        )
        return
    rows = [(each.table, f"{each.rows:,}", each.digest[:_DIGITS]) for each in promotion.tables]
    show_table(("TABLE", "ROWS", "SHA-256 OF BOTH"), rows)
    show(
        "",
        f"{promotion.rows:,} rows are the same on both sides; {promotion.copied:,} came now.",
        "Nothing can be started on the file any more; keep it as a backup. Go on with:",
        "",
        f"  DB_URL={url} sendwell run all",
    )
