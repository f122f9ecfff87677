"""`sendwell doctor`: looks at everything that Sendwell needs, and says what to do."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sendwell.cli.options import HOME, Url, reach
from sendwell.cli.screen import REFUSED, console, print_json, show, styled
from sendwell.settings import Settings

if TYPE_CHECKING:
    from sendwell.cli.diagnosis.finding import Finding

_WIDTH = 18


def doctor(
    *,
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The data folder to look at.")
    ] = Path("data"),
    url: Url = HOME,
    is_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for what is wrong here.

    And says what to do about it. Looked at are Python and its packages, the environment of this
    shell, the databases, the history, the cache and the bus that it names, and the Sendwell at
    --url. Changes nothing, calls no vendor, prints no secret. Exits with 1 when something is wrong.

    Examples:
      sendwell doctor
      sendwell doctor --data /var/lib/sendwell --url http://127.0.0.1:8080
      DB_URL=postgresql://sendwell@db/sendwell sendwell doctor --json
    """
    from sendwell.cli.diagnosis.configuration import read_configuration, variables
    from sendwell.cli.diagnosis.finding import Level

    settings, findings = read_configuration(os.environ)
    known = {} if settings is None else variables(settings)
    with console(is_error=True).status("Looking …"):
        findings = [*_around(settings, data), *findings, *_at_work(settings, url)]
    is_wrong = any(finding.level is Level.WRONG for finding in findings)
    if is_json:
        document = [asdict(finding) for finding in findings]
        print_json({"ok": not is_wrong, "findings": document, "configuration": known})
    else:
        _show(findings, known)
    if is_wrong:
        raise typer.Exit(REFUSED)


def _around(settings: Settings | None, data: Path) -> list["Finding"]:
    """The machine, and the servers that are configured."""
    from sendwell.cli.diagnosis.finding import Level
    from sendwell.cli.diagnosis.machine import look_at_machine

    findings = [*look_at_machine()]
    if any(finding.level is Level.WRONG for finding in findings):
        return findings  # without the packages nobody knows which tables there should be
    return [*findings, *asyncio.run(_servers(replace(settings or Settings(), data=data)))]


async def _servers(settings: Settings) -> list["Finding"]:
    from sendwell.cli.diagnosis.databases import look_at_databases
    from sendwell.cli.diagnosis.limits import look_at_limits
    from sendwell.cli.diagnosis.servers import look_at_bus, look_at_cache, look_at_history

    return [
        *await look_at_databases(settings),
        *await look_at_history(settings),
        *await look_at_cache(settings),
        *look_at_limits(settings),
        *await look_at_bus(settings),
    ]


def _at_work(settings: Settings | None, url: str) -> list["Finding"]:
    """The channels and the server."""
    from sendwell.cli.diagnosis.channels import look_at_channels
    from sendwell.cli.diagnosis.server import look_at_server

    channels = [] if settings is None else [*look_at_channels(settings)]
    return [*channels, look_at_server(reach(url))]


def _show(findings: Sequence["Finding"], known: dict[str, str]) -> None:
    from rich.text import Text

    for finding in findings:
        show(styled(finding.level.value, 7) + Text(f"{finding.topic:{_WIDTH}}{finding.text}"))
        if finding.advice:
            show(f"{'':7}{'':{_WIDTH}}{finding.advice}")
    if known:
        width = max(map(len, known)) + 2
        show("", "Configuration, from this shell's environment:")
        show(*(f"  {name:{width}}{value or '-'}" for name, value in known.items()))
