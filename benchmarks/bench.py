"""What every measure is handed: where to put files, how much to do, and the ends to drive."""

import http.client
import json
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.processes import Child, MeasurementError, child, python
from benchmarks.servers import Servers

_POLL_SECONDS = 0.02
_LONGEST_POLL_SECONDS = 0.25
_DRAIN_SECONDS = 600.0
_CONNECTIONS = 64
_BATCH_CONNECTIONS = 8
_PASSWORD = re.compile(r"(?<=://)([^:/@\s]+):[^@/\s]+@")


@dataclass(slots=True)
class Sink:
    """A sink that runs: its port, and what it has seen."""

    port: int
    control: int

    def stats(self) -> dict[str, Any]:
        return ask(self.control, "/stats")

    def arrivals(self) -> dict[str, float]:
        return ask(self.control, "/arrivals")

    def reset(self) -> None:
        ask(self.control, "/reset", "POST")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the load generator saw. Times are seconds of the machine's monotonic clock."""

    seconds: float
    rate: float
    p50_ms: float
    p99_ms: float
    starts: tuple[float, ...]


@dataclass(slots=True)
class Bench:
    """A run: one folder for all its files, the commands it gave, what the product stands on, in how
    many processes, and how much is to be done; `rows` is the large store, 0 its usual size.
    """

    folder: Path
    is_quick: bool = False
    servers: Servers = field(default_factory=Servers)
    workers: int = 1
    rows: int = 0
    commands: list[str] = field(default_factory=list)

    def size(self, full: int, quick: int) -> int:
        """How much to do."""
        return quick if self.is_quick else full

    def fresh(self, name: str) -> Path:
        """A path in the folder that nothing has used yet."""
        return self.folder / f"{time.monotonic_ns()}-{name}"

    def say(self, text: str) -> None:
        """Progress, for people; figures go to standard output."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def child(
        self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Child]:
        """Run a command for as long as the block lasts; it is noted, so that it can be repeated."""
        self.note(command, env)
        return child(name, command, folder=self.folder, env=env)

    def note(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        words = [
            f"{name}={shlex.quote(value)}"
            for name, value in (env or {}).items()
            if "KEY" not in name
        ]
        program = Path(command[0]).name
        line = " ".join([*words, shlex.join([program, *command[1:]])])
        line = _PASSWORD.sub(r"\1:…@", line)
        if line not in self.commands:
            self.commands.append(line)

    @contextmanager
    def sink(self, kind: str, delay_ms: float = 0.0) -> Iterator[Sink]:
        command = python("benchmarks.sinks", kind, "--delay-ms", delay_ms)
        with self.child(f"{kind}-sink", command) as running:
            _, port, control = running.wait_for("READY").split()
            yield Sink(int(port), int(control))

    def load(
        self,
        ports: Sequence[int],
        item: Mapping[str, object],
        *,
        count: int,
        batch: int = 1,
        key: str = "",
        path: str = "",
        first: int = 0,
        rate: float = 0.0,
    ) -> Loaded:
        """Post `count` notifications, spread over the ports, and wait for the last answer."""
        connections = _BATCH_CONNECTIONS if batch > 1 else _CONNECTIONS
        command = python(
            "benchmarks.load", *(word for port in ports for word in ("--port", port)),
            "--item", json.dumps(item), "--count", count, "--batch", batch, "--first", first,
            "--rate", rate, "--connections", connections, "--path", path,
        )  # fmt: skip
        with self.child("load", command, {"BENCH_KEY": key}) as running:
            if running.process.wait() != 0:
                raise MeasurementError(f"the load generator failed:\n{running.output()[-2000:]}")
            answer = json.loads(running.output())
        if answer["first_odd_answer"] and not path:
            raise MeasurementError(f"not every request was accepted: {answer['first_odd_answer']}")
        starts = tuple(answer["starts"])
        return Loaded(answer["seconds"], answer["rate"], answer["p50_ms"], answer["p99_ms"], starts)


def ask(port: int, path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    """One request, one JSON answer."""
    found: dict[str, Any] = json.loads(read(port, path, method, **headers))
    return found


def read(port: int, path: str, method: str = "GET", **headers: str) -> bytes:
    """One request, and what its answer says; anything but 200 breaks the measurement."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise MeasurementError(f"{method} {path} was answered {answer.status}: {body[:500]!r}")
    return body


def post(port: int, path: str, body: object, *, key: str) -> None:
    """Post JSON; anything but a 2xx answer breaks the measurement."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        raise MeasurementError(f"POST {path} was answered {answer.status}: {said[:500]!r}")


def wait_until(reached: Callable[[], bool], what: str) -> float:
    """Wait until that is so; gives the time. Asks seldom enough to cost little."""
    deadline = time.monotonic() + _DRAIN_SECONDS
    while True:
        asked_at = time.monotonic()
        if reached():
            return asked_at
        if asked_at > deadline:
            raise MeasurementError(f"{what}: not after {_DRAIN_SECONDS:.0f} s")
        took = time.monotonic() - asked_at
        time.sleep(min(_LONGEST_POLL_SECONDS, max(_POLL_SECONDS, 20 * took)))
