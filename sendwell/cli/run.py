"""`sendwell run`: roles of an installation, on the servers that the environment names."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sendwell.cli.listening import port_of
from sendwell.cli.serving import guarded, serve
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName
from sendwell.settings import MYSQL, ROLES, Settings, check_apart, read_settings

_ALL = "all"


def run(  # noqa: PLR0917 - Typer makes an option of each
    roles: Annotated[
        list[str], typer.Argument(help=f"`all`, or some of: {', '.join(ROLES)}.", metavar="ROLE…")
    ],
    channel: Annotated[
        str | None, typer.Option(help="The only channel that `delivery` delivers by.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(help="Port; 0 takes a free one.", min=0, max=65535, show_default="the role's"),
    ] = None,
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where what is kept in files is.")
    ] = Path("data"),
) -> None:
    """Run Sendwell on its servers: like `up`, without the sample.

    Several processes share one PostgreSQL; start as many as you like, each with a port of its own:

        DB_URL=postgresql://sendwell:…@db/sendwell sendwell run all --port 8000

    Each does what it has accepted, and takes over from one that dies. Or each role is a service
    of its own, with a database of its own; they meet on a bus, and ask each other over HTTP:

        BROKER_URL=amqp://… sendwell run users --port 8001
        BROKER_URL=amqp://… USERS_URL=http://users:8001 … sendwell run delivery --channel email

    SIGHUP reloads the configuration; SIGTERM finishes what is in flight and ends with 0.
    """

    def read() -> Settings:
        wanted = _roles(roles)
        settings = replace(
            read_settings(),
            host=host,
            data=data,
            is_sample=False,
            demands_providers=True,
            roles=wanted,
            delivers=_channel(channel, wanted),
        )
        if not settings.is_whole:
            check_apart(settings)
        return guarded(_at_home(replace(settings, port=port_of(port, settings))))

    serve(read, say_ready=_say_ready)


def _roles(names: Sequence[str]) -> frozenset[str]:
    if list(names) == [_ALL]:
        return frozenset(ROLES)
    if strange := [name for name in names if name not in ROLES]:
        raise Invalid(f"There is no role {strange[0]!r}; write `all`, or some of {_words(ROLES)}.")
    return frozenset(names)


def _channel(name: str | None, roles: frozenset[str]) -> ChannelName | None:
    if name is not None and roles != {"delivery"}:
        raise Invalid("--channel is for `sendwell run delivery` alone.")
    return ChannelName(name) if name else None


def _at_home(settings: Settings) -> Settings:
    """With the database of these roles, which must be one, but for those that have another."""
    homes = {settings.database_of(role) for role in settings.roles if not _is_apart(role, settings)}
    if len(homes) > 1:
        raise Invalid(
            f"{_words(sorted(settings.roles))} have different databases: run them one by one."
        )
    if not homes or (settings.is_whole and not settings.servers.databases):
        return settings
    return replace(settings, servers=replace(settings.servers, database=homes.pop()))


def _is_apart(role: str, settings: Settings) -> bool:
    """Whether the role has a database of its own beside that of the process."""
    own = settings.servers.databases.get(role)
    if own is None:
        return False
    return own.scheme == MYSQL or (role == "users" and settings.roles != {role})


def _words(names: Sequence[str]) -> str:
    return ", ".join(names)


def _say_ready(settings: Settings, _: str) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    print(f"READY http://{host}:{settings.port}", flush=True)
