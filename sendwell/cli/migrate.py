"""`sendwell migrate`: brings the tables of all databases up to date."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sendwell.cli.screen import REFUSED, console, print_json, show, warn
from sendwell.settings import Settings, read_settings

if TYPE_CHECKING:
    from sendwell.adapters.sql.migration_status import MigrationStatus
    from sendwell.bootstrap.homes import Home, Prepared

_WIDTH = 12

Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", metavar="ROLE", help="Only this role's tables; may be repeated.",
        show_default=False,
    ),
]  # fmt: skip
IsCheck = Annotated[bool, typer.Option("--check", help="Only say what is pending; 1 if any is.")]
Data = Annotated[
    Path, typer.Option(metavar="FOLDER", help="Where the SQLite file is, without DB_URL.")
]
IsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@dataclass(frozen=True, slots=True)
class Result:
    """What was found in one database, and what was made there."""

    home: "Home"
    statuses: Sequence["MigrationStatus"]
    prepared: "Prepared | None" = None

    @property
    def pending(self) -> Sequence["MigrationStatus"]:
        """The owners that are not up to date, or were not."""
        return [each for each in self.statuses if each.pending]


def migrate(
    *,
    roles: Roles = None,
    is_check: IsCheck = False,
    data: Data = Path("data"),
    is_json: IsJson = False,
) -> None:
    """Bring the tables of all databases up to date.

    Of those that DB_URL and <ROLE>_DB_URL name, and of the bus and the limits where those are on
    PostgreSQL. Migrations only ever add, so processes of the version before can go on working
    meanwhile: no lock is waited for longer than half a second at a time. Of processes that start
    at the same moment one does the work. What a newer Sendwell has only added is left as it is;
    tables that it has made otherwise are refused.

    Examples:
      sendwell migrate
      sendwell migrate --check
      sendwell migrate --role users --role templates
    """
    settings = replace(read_settings(), data=data)
    results = asyncio.run(
        _look(settings, roles or ()) if is_check else _apply(settings, roles or ())
    )
    if is_json:
        print_json(_document(results, is_check=is_check))
    else:
        _show(results, is_check=is_check)
    if is_check and any(result.pending for result in results):
        raise typer.Exit(REFUSED)


async def _look(settings: Settings, roles: Collection[str]) -> list[Result]:
    from sendwell.bootstrap.homes import homes, pending

    return [Result(home, await pending(home, roles)) for home in homes(settings)]


async def _apply(settings: Settings, roles: Collection[str]) -> list[Result]:
    from sendwell.bootstrap.homes import bring_up_to_date, homes, opened, prepare

    results = []
    screen = console(is_error=True)
    with screen.status("Looking …") as status:

        def tell(owner: str, what: str) -> None:
            status.update(f"{owner} {what} …")
            if not screen.is_terminal:
                warn(f"{owner} {what}")

        for home in homes(settings):
            async with opened(home) as upkeep:
                before = await bring_up_to_date(upkeep, home, roles, tell=tell)
                results.append(Result(home, before, await prepare(upkeep, home, tell=tell)))
    return results


def _document(results: Sequence[Result], *, is_check: bool) -> dict[str, Any]:
    done = "pending" if is_check else "applied"
    return {
        "pending": is_check and any(result.pending for result in results),
        "databases": [
            {
                "url": result.home.url.masked,
                "roles": {each.owner: {done: list(each.pending)} for each in result.statuses},
            }
            | _made(result.prepared)
            for result in results
        ],
    }


def _made(prepared: "Prepared | None") -> dict[str, Any]:
    if prepared is None:
        return {}
    return {"partitions": len(prepared.partitions), "walls": list(prepared.walls)}


def _show(results: Sequence[Result], *, is_check: bool) -> None:
    done = "pending" if is_check else "applied"
    for result in results:
        if not result.statuses:
            continue
        show(result.home.url.masked)
        for each in result.statuses:
            what = f"{done}: {', '.join(each.pending)}" if each.pending else "up to date"
            show(f"  {each.owner:{_WIDTH}}{what}")
        if result.prepared and result.prepared.partitions:
            show(f"  {'partitions':{_WIDTH}}made: {len(result.prepared.partitions)}")
        if result.prepared and result.prepared.walls:
            show(f"  {'walls':{_WIDTH}}raised around {', '.join(result.prepared.walls)}")
