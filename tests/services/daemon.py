"""A server's process: in the foreground, in a folder that goes with it, and able to come back."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from tests.services import guard

SOON = 180.0
LONGEST_WORDS = 4000


class Failed(AssertionError):
    """A server, or a program that looks after it, did not do what it was started for."""


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """A temporary folder, and the guard that removes it together with what runs there."""

    folder: Path
    owner: str | None
    _guard: "subprocess.Popen[str]"

    def say(self, line: str) -> None:
        """Tell the guard; see there."""
        assert self._guard.stdin is not None
        self._guard.stdin.write(f"{line}\n")
        self._guard.stdin.flush()

    def make(self, name: str) -> Path:
        """A new folder in it, the server's own."""
        made = self.folder / name
        made.mkdir(mode=0o700)
        if self.owner:
            shutil.chown(made, self.owner)
        return made

    def identity(self) -> "_Identity":
        """Whom a process of the server is run by."""
        if self.owner is None:
            return {}
        owner = pwd.getpwnam(self.owner)
        return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": ()}

    def run(self, *command: object, said: str = "", **environment: str) -> str:
        """What a program answers that helps the server and runs as its user. Raises Failed."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env={**os.environ, **environment},
            **self.identity(),
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def home(name: str, *, owner: str | None = None) -> Iterator[Home]:
    """A folder that is there for as long as the block lasts.

    A server that refuses to be run by root is run by `owner` then, who owns the folder.
    """
    owner = owner if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix=f"sendwell-{name}-"))
    folder.chmod(0o755)
    if owner:
        shutil.chown(folder, owner)
    watch = subprocess.Popen(
        [sys.executable, "-S", "-E", guard.__file__, folder],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with watch:  # leaving closes its input, and it clears up
        yield Home(folder, owner, watch)


@dataclass(slots=True)
class Daemon:
    """A command that serves until it is told to stop. `is_ready` is asked again until it is so."""

    home: Home
    command: Sequence[object]
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    output: str = "output"
    _process: "subprocess.Popen[bytes] | None" = None
    _heard: int = 0

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def launch(self) -> None:
        """Start it without waiting until it is ready."""
        assert self.pid is None, "it runs already"
        if self._process is not None:
            self._forget()  # it ended without being told to
        with (self.home.folder / self.output).open("ab") as output:
            self._heard = output.tell()
            self._process = subprocess.Popen(
                [str(part) for part in self.command],
                cwd=self.home.folder,
                env={**os.environ, **self.environment},
                **self.home.identity(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the tests alone
            )
        self.home.say(f"{self._process.pid}")

    def wait(self) -> None:
        """Wait until it is ready. There is nothing to be woken by in another's process."""
        deadline = time.monotonic() + SOON
        while self.pid is not None and time.monotonic() < deadline:
            with suppress(OSError, Failed):
                if self.is_ready():
                    return
            time.sleep(0.02)
        raise Failed(f"{self.command[0]} does not run:\n{self.says()[-LONGEST_WORDS:]}")

    def start(self) -> None:
        """It runs and is ready; nothing happens when it ran before."""
        if self.pid is None:
            self.launch()
        self.wait()

    def stop(self, signal_: int = signal.SIGTERM) -> None:
        """It has ended in good order; nothing happens when it does not run."""
        if self._process is None:
            return
        self._process.send_signal(signal_)
        self._process.wait(SOON)
        self._forget()

    def kill(self) -> None:
        """It and all its processes are gone at once, without a chance to write anything."""
        if self._process is None:
            return
        guard.kill(self._process.pid)
        self._process.wait(SOON)
        self._forget()

    def says(self) -> str:
        """What it has said since it was launched."""
        with (self.home.folder / self.output).open("rb") as output:
            output.seek(self._heard)
            return output.read().decode(errors="replace")

    def _forget(self) -> None:
        assert self._process is not None
        self.home.say(f"-{self._process.pid}")
        self._process = None
