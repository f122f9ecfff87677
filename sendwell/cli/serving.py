"""A process that serves until it is told to stop: what `up` and `run` have in common."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sendwell.domain.errors import Invalid, SendwellError
from sendwell.runtime.failpoints import arm
from sendwell.settings import BUILT_IN_SECRET, Settings, is_loopback, reloadable

if TYPE_CHECKING:
    from sendwell.embedded import Embedded
    from sendwell.runtime.server.serving import Server

Read = Callable[[], Settings]
Say = Callable[[Settings, str], None]
Ground = Callable[[Settings], AbstractAsyncContextManager[None]]
"""What must be there before anything else is, and until everything else has ended."""
_INTERRUPTED = 130
"""As a shell says it of Ctrl-C."""


def serve(read: Read, *, say_ready: Say, ground: Ground | None = None) -> None:
    """Run all roles by the settings that `read` gives, and reload them on SIGHUP and on change.

    SIGTERM and Ctrl-C finish what is in flight; a second Ctrl-C does not wait for it.
    """
    try:
        arm(os.environ.get("SENDWELL_FAILPOINT", ""))
        settings = read()
        listener = _listen(settings, settings.port, advice="Choose another with --port.")
        listeners = [listener]
        if settings.metrics_port is not None:
            advice = "Choose another by METRICS_PORT."
            listeners.append(_listen(settings, settings.metrics_port, advice=advice))
    except SendwellError as error:
        sys.exit(f"sendwell: {error.message}")
    port: int = listener.getsockname()[1]
    import uvloop

    def read_again() -> Settings:
        return replace(read(), port=port)

    try:
        uvloop.run(
            _run(
                replace(settings, port=port), listeners, read_again,
                say_ready=say_ready, ground=ground or _nothing,
            )
        )  # fmt: skip
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)  # before there was anything to finish
    except SendwellError as error:
        sys.exit(f"sendwell: {error.message}")


def _nothing(_: Settings) -> AbstractAsyncContextManager[None]:
    return contextlib.nullcontext()


def guarded(settings: Settings) -> Settings:
    """The settings, unless others could reach us by what everybody knows. Raises Invalid."""
    if is_loopback(settings.host):
        return settings
    if settings.anonymous is not None:
        raise Invalid(
            f"{settings.host} can be reached by others, and ANONYMOUS_TENANT lets anybody send."
            " Unset it, or listen on 127.0.0.1."
        )
    if settings.secret == BUILT_IN_SECRET:
        raise Invalid(
            f"{settings.host} can be reached by others, and the built-in secret is public."
            " Set SECRET_KEY to a random text of 32 characters or more, or listen on 127.0.0.1."
        )
    if settings.secret_also == BUILT_IN_SECRET:
        raise Invalid(
            f"{settings.host} can be reached by others, and the built-in secret is public."
            " Unset SECRET_KEY_ALSO, or listen on 127.0.0.1 until nothing waits that needs it."
        )
    return settings


def _listen(settings: Settings, port: int, *, advice: str) -> socket.socket:
    """Before anything else: who cannot listen has not begun to send."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
    except OSError as error:
        sys.exit(f"sendwell: cannot listen on {settings.host}:{port}: {error.strerror}. {advice}")
    listener.listen(1024)
    return listener


async def _run(
    settings: Settings,
    listeners: Sequence[socket.socket],
    read_again: Read,
    *,
    say_ready: Say,
    ground: Ground,
) -> None:
    from sendwell.telemetry.logs import set_up_logs

    set_up_logs(settings.log_level)
    asked = _Asked()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, asked.to_stop.set)
    loop.add_signal_handler(signal.SIGINT, _interrupt, asked.to_stop)
    loop.add_signal_handler(signal.SIGHUP, asked.to_reload.set)
    async with ground(settings):
        await _serve(settings, listeners, read_again, say_ready=say_ready, asked=asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What signals asked for so far."""

    to_stop: asyncio.Event = field(default_factory=asyncio.Event)
    to_reload: asyncio.Event = field(default_factory=asyncio.Event)


def _interrupt(to_stop: asyncio.Event) -> None:
    """The next one ends us at once, also where the loop itself is stuck."""
    to_stop.set()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))


async def _serve(
    settings: Settings,
    listeners: Sequence[socket.socket],
    read_again: Read,
    *,
    say_ready: Say,
    asked: _Asked,
) -> None:
    embedded = await _built(settings, asked.to_stop)
    if embedded is None:
        return
    try:
        _reload_on_change(embedded, settings, read_again, is_asked=asked.to_reload.is_set())
        servers = _servers(embedded, *listeners)
        for server in servers:
            await server.start()
        gc.freeze()  # what is here stays: looking through it again stops everything for 90 ms
        say_ready(settings, embedded.key)
        await asked.to_stop.wait()
        print("Stopping: finishing what is in flight …", file=sys.stderr, flush=True)
        embedded.drain()
        for server in servers:
            await server.stop()
    finally:
        await embedded.stop()


def _servers(
    embedded: "Embedded", listener: socket.socket, for_metrics: socket.socket | None = None
) -> "list[Server]":
    from sendwell.runtime.server.serving import Server

    servers = [Server(embedded.app, listener, hot=embedded.app.hot)]
    if for_metrics is not None:
        servers.append(Server(embedded.metrics, for_metrics))
    return servers


async def _built(settings: Settings, stopping: asyncio.Event) -> "Embedded | None":
    """None when we are to stop before everything is there: it may wait for other services."""
    gc.disable()  # looking through all that is imported, again and again, is a tenth of the start
    from sendwell.embedded import build

    gc.freeze()
    gc.enable()
    building = asyncio.create_task(build(settings))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({building, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if building.done():
        return building.result()
    building.cancel()
    await asyncio.wait({building})
    if not building.cancelled():
        building.exception()  # what it came to, stopped in the middle, is nobody's concern
    return None


def _reload_on_change(
    embedded: "Embedded", settings: Settings, read_again: Read, *, is_asked: bool
) -> None:
    from sendwell.runtime.process import Worker
    from sendwell.runtime.reload import Reloader

    reloader = Reloader(
        settings,
        read=read_again,
        compare=reloadable,
        swap=embedded.swap,
        files=lambda current: current.files,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.ask)
    if is_asked:
        reloader.ask()
    embedded.core.process.start(Worker("reload", reloader.run))
