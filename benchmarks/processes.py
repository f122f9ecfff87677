"""Processes of a measurement: started, asked what they use, stopped. Reads /proc, so Linux only."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_READY_SECONDS = 60.0
_STOP_SECONDS = 40.0
_TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


class MeasurementError(Exception):
    """A part of the measurement failed, so there is no figure. Says which, and what it printed."""


@dataclass(slots=True)
class Child:
    """A process that was started here, with everything it prints in `log`."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, word: str) -> str:
        """The first line with this word, as soon as it is printed."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.output().splitlines(keepends=True):
                if word in line and line.endswith("\n"):
                    return line.strip()
            time.sleep(0.01)
        raise MeasurementError(
            f"{self.name} never said {word!r}; it said:\n{self.output()[-2000:]}"
        )

    def family(self) -> list[int]:
        """Its id and those of the processes below it."""
        return _family(self.process.pid)

    def rss_mb(self) -> float:
        """Memory in use now."""
        return sum(_status_kb(pid, "VmRSS") for pid in self.family()) / 1000

    def peak_rss_mb(self) -> float:
        """The most memory it ever used."""
        return sum(_status_kb(pid, "VmHWM") for pid in self.family()) / 1000

    def cpu_seconds(self) -> float:
        """Processor time used so far."""
        return sum(_cpu_seconds(pid) for pid in self.family())

    def stop(self) -> None:
        """Ask it to stop, insist when it does not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_STOP_SECONDS)
        for pid in self.family() if self.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def child(
    name: str, command: Sequence[str], *, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Run a command from the project's folder for as long as the block lasts."""
    log = folder / f"{name}-{time.monotonic_ns()}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
    started = Child(name, process, log)
    try:
        yield started
    finally:
        started.stop()


def python(module: str, *arguments: object) -> list[str]:
    """The command that runs one of our modules with this Python."""
    return [sys.executable, "-m", module, *(str(argument) for argument in arguments)]


def free_port() -> int:
    """A port of the loopback that nobody listened on a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def busy_seconds() -> float:
    """Processor time that the whole machine has spent so far, all cores together."""
    fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    idle, waiting = int(fields[3]), int(fields[4])
    return (sum(map(int, fields)) - idle - waiting) * _TICK_SECONDS


def own_seconds() -> float:
    """What of it this process has spent with all that it ever started."""
    return sum(_cpu_seconds(pid, with_ended=True) for pid in _family(os.getpid()))


def _family(pid: int) -> list[int]:
    below = Path(f"/proc/{pid}/task/{pid}/children")
    with suppress(OSError):
        return [pid, *(one for made in below.read_text().split() for one in _family(int(made)))]
    return []


def _status_kb(pid: int, field: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1])
    return 0


def _cpu_seconds(pid: int, *, with_ended: bool = False) -> float:
    """Of the process, and with its children that have ended if so asked."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11 : 15 if with_ended else 13])) * _TICK_SECONDS
    return 0.0
