"""`sendwell run`: roles of an installation, on the servers that the environment names."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sendwell.cli.serving import guarded, serve
from sendwell.domain.errors import Invalid
from sendwell.settings import Settings, read_settings


def run(
    roles: Annotated[list[str], typer.Argument(help="`all`: every role in this process.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    data: Annotated[Path, typer.Option(help="Folder for what is kept in files.")] = Path("data"),
) -> None:
    """Run Sendwell on its servers: like `up`, without the sample.

    Several processes share one PostgreSQL; start as many as you like, each with a port of its own:

        DB_URL=postgresql://sendwell:…@db/sendwell sendwell run all --port 8000

    Each does what it has accepted, and takes over from one that dies. SIGHUP reloads the
    configuration; SIGTERM finishes what is in flight and ends with 0.
    """

    def read() -> Settings:
        if roles != ["all"]:
            raise Invalid(f"There is no role {roles[0]!r} to run alone; write `sendwell run all`.")
        return guarded(replace(read_settings(), host=host, port=port, data=data, is_sample=False))

    serve(read, say_ready=_say_ready)


def _say_ready(settings: Settings, _: str) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"READY http://{host}:{settings.port}", flush=True)
