"""Servers that people started with `./dev services start`, and what is known of each.

Each is held by a process of its own (`keeper.py`) and noted in a file. Stopping ends that process,
and the server with it.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.services import guard

ROOT = Path(__file__).parents[2]
SOON = 180.0


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A server that runs. `born` tells its keeper from a later process with the same `pid`."""

    name: str
    version: str
    setting: str
    url: str
    admin_url: str
    folder: str
    pid: int
    born: str

    def is_alive(self) -> bool:
        return born(self.pid) == self.born

    def line(self) -> str:
        """How to use it, for people."""
        return f"{self.name:10} {self.version:10} {self.setting}={self.url}"

    def stop(self) -> None:
        """It and its data are gone."""
        os.kill(self.pid, signal.SIGTERM)
        if not guard.wait(self.pid, SOON):
            raise SystemExit(f"{self.name} does not stop; its keeper is process {self.pid}.")


@dataclass(frozen=True, slots=True)
class Notes:
    """A folder with a note of each server that runs, and with what its keeper said."""

    folder: Path = ROOT / ".services"

    def add(self, kept: Kept) -> None:
        """It is known from now on, in full or not at all."""
        unfinished = self._file(kept.name).with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(kept)))
        unfinished.rename(self._file(kept.name))

    def remove(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def running(self) -> Sequence[Kept]:
        """Those that run; a keeper that was killed has left its note behind."""
        noted = map(_read, sorted(self.folder.glob("*.json")))
        return [each for each in noted if each.is_alive()]

    def start(self, names: Sequence[str]) -> Iterator[Kept | str]:
        """What runs then, each as soon as it does, or why it does not. All start together."""
        self.folder.mkdir(exist_ok=True)
        running = {each.name for each in self.running()}
        keepers = {name: None if name in running else self._keeper(name) for name in names}
        for name, keeper in keepers.items():
            yield self._once_started(name, keeper)

    def _keeper(self, name: str) -> int:
        """The process of a new keeper. It outlives us: nobody here waits for its end."""
        self.remove(name)
        command = [sys.executable, "-m", "tests.services.keeper", name, str(self.folder)]
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(self._log(name)), write, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        here = {**os.environ, "PYTHONPATH": str(ROOT)}
        return os.posix_spawn(sys.executable, command, here, file_actions=files, setsid=True)

    def _once_started(self, name: str, keeper: int | None) -> Kept | str:
        deadline = time.monotonic() + SOON
        while not self._file(name).exists():
            if keeper is None or born(keeper) is None or time.monotonic() > deadline:
                return f"{name} does not start: see {self._log(name)}"
            time.sleep(0.05)
        return _read(self._file(name))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


def born(pid: int) -> str | None:
    """When a process was started, in the system's own count; None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "XZ" else rest[18]


def _read(file: Path) -> Kept:
    return msgspec.json.decode(file.read_bytes(), type=Kept)
