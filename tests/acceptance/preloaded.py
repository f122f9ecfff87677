"""`sendwell …` in a process of its own that begins with its modules imported.

Importing them is most of what a start takes, a thousand times over. The fork server of
multiprocessing does it once for all tests of a worker; each process is a copy of it, with a pid,
signals, an environment and an exit code of its own.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryFile
from threading import Thread
from typing import IO

import msgspec

MODULES = (
    "alembic.context",
    "inscriptis",
    "pydantic.v1",
    "sendwell.adapters.sql.postgres",
    "sendwell.cli.commands",
    "sendwell.cli.serving",
    "sendwell.embedded",
    "sendwell.runtime.server.serving",
    "sendwell.runtime.views",
    "uvloop",
    __name__,
)
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(list(MODULES))


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """What a process begins with. What it prints goes into `log`, and else comes by pipes."""

    arguments: Sequence[str]
    environment: dict[str, str]
    folder: Path
    stdin: bytes = b""
    log: Path | None = None

    def input(self) -> IO[bytes]:
        """A file that holds what it reads."""
        file = TemporaryFile()  # noqa: SIM115 - whoever asks closes it
        file.write(self.stdin)
        file.seek(0)
        return file


class Preloaded:
    """As asyncio's own subprocess."""

    def __init__(
        self,
        process: ForkServerProcess,
        stdout: asyncio.StreamReader | None,
        stderr: asyncio.StreamReader | None,
    ) -> None:
        self._process = process
        self.stdout = stdout
        self.stderr = stderr

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        code = self.returncode
        assert code is not None
        return code


async def start(beginning: Beginning) -> Preloaded:
    """It runs."""
    if beginning.log is not None:
        return Preloaded(_started(beginning), None, None)
    out, said = _forks.Pipe(duplex=False)
    errors, complained = _forks.Pipe(duplex=False)
    with said, complained:
        process = _started(beginning, said, complained)
    return Preloaded(process, await _reader(out), await _reader(errors))


def _started(beginning: Beginning, *pipes: Connection) -> ForkServerProcess:
    # As a daemon, it ends with the tests where a failed one has left it behind.
    process = _forks.Process(target=_become, args=(beginning, *pipes), daemon=True)
    process.start()
    return process


def _become(beginning: Beginning, *pipes: Connection) -> None:
    """The rest of this process is the command."""
    Thread(target=_end_with_the_tests, daemon=True).start()
    with beginning.input() as file:
        os.dup2(file.fileno(), 0)
    sys.stdin = os.fdopen(0, closefd=False)
    _print_into(beginning.log, *pipes)
    os.environ.clear()
    os.environ.update(beginning.environment)
    os.chdir(beginning.folder)
    sys.argv = ["sendwell", *beginning.arguments]

    from sendwell.cli import main

    main()


def _end_with_the_tests() -> None:
    """Also when they are killed and clear nothing up."""
    tests = multiprocessing.parent_process()
    assert tests is not None
    tests.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _print_into(log: Path | None, *pipes: Connection) -> None:
    if log is not None:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    for descriptor, pipe in enumerate(pipes, start=1):
        os.dup2(pipe.fileno(), descriptor)
        pipe.close()


async def _reader(pipe: Connection) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    with pipe:
        file = os.fdopen(os.dup(pipe.fileno()), "rb")
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), file
    )
    return reader
