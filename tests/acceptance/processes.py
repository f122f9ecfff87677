"""Processes of the command: `sendwell up`, `sendwell run`."""

import asyncio
import os
import sys
from asyncio import StreamReader
from asyncio.subprocess import PIPE
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.acceptance import preloaded
from tests.acceptance.preloaded import Beginning
from tests.services.made import made_file

_ON_FILES = ("up", "run")
READ_AT_IMPORT = "PYTHONPATH"
"""Who gives another one than ours starts the command anew."""


class Process(Protocol):
    """One of them. It has streams if its output goes into no file."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    @property
    def stdout(self) -> StreamReader | None: ...
    @property
    def stderr(self) -> StreamReader | None: ...
    def send_signal(self, signal: int, /) -> None: ...
    def kill(self) -> None: ...
    async def wait(self) -> int: ...


async def begin(beginning: Beginning, *, anew: bool = False) -> Process:
    """It runs: as a copy of one with everything imported, and on tables that were made before; or
    `anew`, as people start it.
    """
    differs = beginning.environment.get(READ_AT_IMPORT) != os.environ.get(READ_AT_IMPORT)
    if anew or differs:
        return await _anew(beginning)
    _make_tables(beginning)
    return await preloaded.start(beginning)


def _make_tables(beginning: Beginning) -> None:
    """In the file that it would make itself."""
    command, *options = [*beginning.arguments, ""]
    if command not in _ON_FILES or "--data" not in options or "DB_URL" in beginning.environment:
        return
    data = Path(options[options.index("--data") + 1])
    if not data.exists() or not any(data.iterdir()):
        data.mkdir(parents=True, exist_ok=True)
        made_file(data / "sendwell.db")


async def _anew(beginning: Beginning) -> Process:
    with ExitStack() as opened:
        log = beginning.log
        output = PIPE if log is None else opened.enter_context(log.open("ab"))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "sendwell", *beginning.arguments,
            env=beginning.environment, cwd=beginning.folder,
            stdin=opened.enter_context(beginning.input()), stdout=output, stderr=output,
        )  # fmt: skip
