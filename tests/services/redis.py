"""A real Redis on the loopback."""

import itertools
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.certificates import Certificates
from tests.services.daemon import Daemon, Home, home
from tests.services.ports import HOST, free_ports

PROGRAM = "redis-server"
PASSWORD = "secret"
DATABASES = 10_000


@dataclass(frozen=True, slots=True)
class Redis:
    """A Redis that can be taken away and brought back: same folder, same port."""

    port: int
    tls: Certificates | None
    daemon: Daemon
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        """The URL of database 0, which no test owns."""
        return self._url(0)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database that nobody else uses; emptied after."""
        number = next(self._numbers)
        try:
            yield self._url(number)
        finally:
            if self.daemon.pid is not None:
                self.ask(f"SELECT {number}", "FLUSHDB ASYNC")

    room = database

    @property
    def folder(self) -> Path:
        return self.daemon.home.folder

    def version(self) -> str:
        return self.daemon.home.run(PROGRAM, "--version").split("v=")[1].split()[0]

    def ask(self, *commands: str) -> list[str]:
        """What it answers to commands without spaces in their words: the first line of each."""
        return _asked(self.daemon.home, *commands)

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        self.daemon.kill()

    def _url(self, database: int) -> str:
        if not self.tls:
            return f"redis://{HOST}:{self.port}/{database}"
        place = f"{HOST}:{self.port}/{database}"
        return f"rediss://:{PASSWORD}@{place}?ca={self.tls.authority}"


def why_not() -> str | None:
    """Why Redis cannot be run here."""
    return None if shutil.which(PROGRAM) else f"{PROGRAM} is not installed"


@contextmanager
def running(*, tls: Certificates | None = None, is_cluster: bool = False) -> Iterator[Redis]:
    """Run it for as long as the block lasts; with `tls` encrypted and with a password."""
    with home("redis") as place:
        port, beside = free_ports(2)
        configuration = place.folder / "redis.conf"
        lines = [*_lines(place, port, tls)]
        if is_cluster:
            lines += ["cluster-enabled yes", f"cluster-port {beside}"]
        configuration.write_text("\n".join(lines))
        command = [PROGRAM, configuration]
        server = Redis(port, tls, Daemon(place, command, lambda: _is_ready(place)))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _lines(place: Home, port: int, tls: Certificates | None) -> Iterator[str]:
    yield f"bind {HOST}"
    yield f"databases {DATABASES}"
    yield "appendonly yes"
    yield f"dir {place.make('data')}"
    yield f"unixsocket {_socket(place)}"
    if not tls:
        yield f"port {port}"
        return
    ours = tls.copied_to(place.folder)
    yield f"port 0\ntls-port {port}\ntls-auth-clients no\nrequirepass {PASSWORD}"
    yield f"tls-ca-cert-file {ours.authority}"
    yield f"tls-cert-file {ours.chain}\ntls-key-file {ours.key}"


def _is_ready(place: Home) -> bool:
    return _asked(place, "PING") == ["+PONG"]


def _asked(place: Home, *commands: str) -> list[str]:
    """Ask it by its socket file. Without a password set, AUTH is refused, which does no harm."""
    lines = "".join(f"{command}\r\n" for command in (f"AUTH {PASSWORD}", *commands))
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(_socket(place)))
        connection.sendall(lines.encode())
        with connection.makefile("r", newline="\r\n") as answers:
            return [answers.readline().rstrip() for _ in range(len(commands) + 1)][1:]


def _socket(place: Home) -> Path:
    return place.folder / "redis.sock"
