"""`sendwell up`: everything in one process on one SQLite file."""

import asyncio
import gc
import ipaddress
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sendwell.domain.errors import SendwellError
from sendwell.settings import BUILT_IN_SECRET, SAMPLE, Settings, read_settings


def up(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8000,
    data: Annotated[Path, typer.Option(help="Folder of the database; made if missing.")] = Path(
        "data"
    ),
    sample: Annotated[
        bool, typer.Option(help="A sample tenant, and a first message in the dev mailbox.")
    ] = True,
) -> None:
    """Run all of Sendwell in this process, on one SQLite file.

    Prints READY with the address, an API key and a curl to try. Messages go to the dev mailbox
    until you give credentials, for example:

        PROVIDER_CREDENTIALS_SMTP='{"host": "mail.example.com", "username": "…", "password": "…",
        "from": "Shop <hello@example.com>"}' sendwell up --no-sample

    Ctrl-C or SIGTERM finishes what is in flight and ends with 0.
    """
    try:
        settings = replace(read_settings(), host=host, port=port, data=data, is_sample=sample)
        settings = _ready_for(settings)
    except SendwellError as error:
        sys.exit(f"sendwell: {error.message}")
    _run(settings)


def _ready_for(settings: Settings) -> Settings:
    """Refuse to be open to others with what everybody knows."""
    if settings.is_sample and settings.anonymous is None:
        settings = replace(settings, anonymous=SAMPLE)
    if _is_loopback(settings.host):
        return settings
    if settings.is_sample:
        sys.exit(
            f"sendwell: {settings.host} can be reached by others, and the sample key is public."
            " Add --no-sample, or listen on 127.0.0.1."
        )
    if settings.anonymous is not None:
        sys.exit(
            f"sendwell: {settings.host} can be reached by others, and ANONYMOUS_TENANT lets anybody"
            " send. Unset it, or listen on 127.0.0.1."
        )
    if settings.secret == BUILT_IN_SECRET:
        sys.exit(
            f"sendwell: {settings.host} can be reached by others, and the built-in secret is"
            " public. Set SECRET_KEY to a random text of 32 characters or more,"
            " or listen on 127.0.0.1."
        )
    return settings


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _run(settings: Settings) -> None:
    listener = _listen(settings)
    port: int = listener.getsockname()[1]
    import uvloop

    try:
        uvloop.run(_serve(replace(settings, port=port), listener))
    except KeyboardInterrupt:
        sys.exit(130)  # a second Ctrl-C does not wait
    except SendwellError as error:
        sys.exit(f"sendwell: {error.message}")


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        sys.exit(
            f"sendwell: cannot listen on {settings.host}:{settings.port}: {error.strerror}."
            " Choose another with --port."
        )
    listener.listen(1024)
    return listener


async def _serve(settings: Settings, listener: socket.socket) -> None:
    from sendwell.embedded import build
    from sendwell.runtime.server.serving import Server
    from sendwell.telemetry.logs import set_up_logs

    set_up_logs()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    embedded = await build(settings)
    server = Server(embedded.app, listener, hot=embedded.app.hot)
    await server.start()
    gc.freeze()  # what is here stays: looking through it again stops everything for 90 ms
    _say_ready(settings, embedded.key)
    await stopping.wait()
    print("Stopping: finishing what is in flight …", file=sys.stderr, flush=True)
    embedded.drain()
    await server.stop()
    await embedded.stop()


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
