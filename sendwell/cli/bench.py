"""`sendwell bench`: the repository's benchmarks, where they are at hand."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import sendwell
from sendwell.cli.screen import REFUSED, warn

_ROOT = Path(sendwell.__file__).parents[1]


def bench(
    *,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Which ones; else all.", show_default=False),
    ] = None,
    is_list: Annotated[bool, typer.Option("--list", help="List the benchmarks.")] = False,
    is_quick: Annotated[
        bool, typer.Option("--quick", help="Small counts, one round: does it run?")
    ] = False,
    on: Annotated[
        str, typer.Option(help="What it stands on: sqlite, postgres, kafka or rabbitmq.")
    ] = "sqlite",
    workers: Annotated[
        int, typer.Option(help="Processes on the one PostgreSQL.", min=1, max=2)
    ] = 1,
    rows: Annotated[
        int | None,
        typer.Option(
            help="The large store of `growth` and `people`.", min=1, show_default="1000000"
        ),
    ] = None,
    is_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: machine, rounds, commands.")
    ] = False,
) -> None:
    """Measure Sendwell on this machine.

    Beside what the machine can do and beside a peer, in the same run. The benchmarks are part of
    the source tree, not of the installed package. Servers are started for the run; BENCH_DB_URL and
    BENCH_BROKER_URL name others.

    Examples:
      sendwell bench --list
      sendwell bench intake --quick
      sendwell bench end-to-end --on postgres --workers 2
      sendwell bench growth --on postgres --rows 10000000 --json
    """
    if not (_ROOT / "benchmarks" / "__main__.py").is_file():
        warn(
            "sendwell: the benchmarks are not installed. They lie in the folder benchmarks/ of"
            " Sendwell's source tree; run `./dev bench` there."
        )
        raise typer.Exit(REFUSED)
    flags = {"--list": is_list, "--quick": is_quick, "--json": is_json}
    arguments = [*(names or ()), *(name for name, is_on in flags.items() if is_on)]
    arguments += ["--on", on, "--workers", str(workers), "--rows", str(rows or 0)]
    command = [sys.executable, "-m", "benchmarks", *arguments]
    raise typer.Exit(subprocess.call(command, cwd=_ROOT))  # noqa: S603 - our own program
