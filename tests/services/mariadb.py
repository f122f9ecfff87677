"""A real MariaDB on the loopback."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.certificates import Certificates
from tests.services.daemon import Daemon, Home, home
from tests.services.ports import HOST, free_ports

INSTALL, PROGRAM = "mariadb-install-db", "mariadbd"
CLIENT = "mariadb"
USER, PASSWORD = "sendwell", "secret"


@dataclass(frozen=True, slots=True)
class MariaDb:
    """A MariaDB that can be taken away and brought back: same folder, same port."""

    port: int
    tls: Certificates | None
    daemon: Daemon

    @property
    def url(self) -> str:
        """As superuser, in no database of ours."""
        return f"mysql://root@{HOST}:{self.port}/mysql{self._query}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new, empty database, for a user who can do anything in it. Dropped after."""
        name = f"test_{uuid.uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} CHARACTER SET utf8mb4; GRANT ALL ON {name}.* TO {USER}")
        try:
            yield f"mysql://{USER}:{PASSWORD}@{HOST}:{self.port}/{name}{self._query}"
        finally:
            if self.daemon.pid is not None:
                self.sql(f"DROP DATABASE {name}")

    room = database

    @property
    def folder(self) -> Path:
        return self.daemon.home.folder

    def version(self) -> str:
        return self.sql("SELECT version()").split("-")[0]

    def sql(self, statements: str) -> str:
        """What the superuser is answered: values separated by tabs, one row a line."""
        place = self.daemon.home
        command = [CLIENT, "--no-defaults", "-u", "root", "-S", _socket(place), "-N", "-B", "-e"]
        return place.run(*command, statements).strip()

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        self.daemon.kill()

    @property
    def _query(self) -> str:
        return f"?ca={self.tls.authority}" if self.tls else ""


def why_not() -> str | None:
    """Why MariaDB cannot be run here."""
    missing = [name for name in (INSTALL, PROGRAM, CLIENT) if shutil.which(name) is None]
    return f"MariaDB is not installed: no {', '.join(missing)}" if missing else None


@contextmanager
def running(*, tls: Certificates | None = None) -> Iterator[MariaDb]:
    """Run it for as long as the block lasts; with `tls` it takes encrypted connections only."""
    with home("mariadb") as place:
        (port,) = free_ports(1)
        daemon = Daemon(place, [PROGRAM, *_options(place, port, tls)], lambda: _is_ready(server))
        server = MariaDb(port, tls, daemon)
        _install(place)
        server.start()
        try:
            server.sql(f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}'")
            yield server
        finally:
            server.kill()


def _install(place: Home) -> None:
    """The folder as MariaDB wants it; `normal` means that root needs no password."""
    place.run(
        INSTALL, "--no-defaults", *_owner(), f"--datadir={place.make('data')}",
        "--auth-root-authentication-method=normal", "--skip-test-db",
    )  # fmt: skip


def _options(place: Home, port: int, tls: Certificates | None) -> Iterator[str]:
    yield "--no-defaults"
    yield from _owner()
    yield f"--datadir={place.folder / 'data'}"
    yield f"--bind-address={HOST}"
    yield f"--port={port}"
    yield f"--socket={_socket(place)}"
    yield f"--pid-file={place.folder / 'pid'}"
    yield "--skip-name-resolve"
    yield "--max-connections=200"
    if tls:
        yield "--require-secure-transport=ON"
        yield f"--ssl-ca={tls.authority}"
        yield f"--ssl-cert={tls.chain}"
        yield f"--ssl-key={tls.key}"


def _owner() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def _is_ready(server: MariaDb) -> bool:
    return server.sql("SELECT 1") == "1"


def _socket(place: Home) -> Path:
    return place.folder / "mariadb.sock"
