"""Processes of the command: `sendwell up`, `sendwell run`."""

import asyncio
import os
import sys
from asyncio import StreamReader
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from tests.acceptance import preloaded
from tests.acceptance.preloaded import Beginning
from tests.services.made import made_file

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
    """It runs: as a copy of one with everything imported, or `anew`, as people start it."""
    differs = beginning.environment.get(READ_AT_IMPORT) != os.environ.get(READ_AT_IMPORT)
    return await (_anew(beginning) if anew or differs else preloaded.start(beginning))


def make_tables(data: Path, environment: Mapping[str, str]) -> None:
    """Those that a process on this folder would make first of all, if it is its first one."""
    is_first = not data.exists() or not any(data.iterdir())
    if is_first and "DB_URL" not in environment:
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
