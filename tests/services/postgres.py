"""A real PostgreSQL on the loopback."""

import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.services.certificates import Certificates
from tests.services.daemon import Daemon, Home, home
from tests.services.ports import HOST, free_ports

ROLE, PASSWORD = "sendwell", "secret"
"""Who owns the databases that tests work in: no superuser, so that row-level security holds."""

SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
}
"""Where it differs from what PostgreSQL does by itself; what is written is synced to disk."""

OPEN = (
    "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
    "host replication postgres 127.0.0.1/32 trust\n"
)
ENCRYPTED = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
LOCAL = "local all all trust\n"

Stop = Literal["smart", "fast", "immediate"]
_SIGNALS: Mapping[Stop, int] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL that can be taken away and brought back: same folder, same port."""

    port: int
    tls: Certificates | None
    daemon: Daemon

    @property
    def url(self) -> str:
        """As superuser."""
        user = f"postgres:{PASSWORD}" if self.tls else "postgres"
        return f"postgresql://{user}@{HOST}:{self.port}/postgres{self._query}"

    @contextmanager
    def database(self, *, like: str = "template1") -> Iterator[str]:
        """The URL of a new database, owned by a role that is no superuser. Dropped after.

        It is empty, or a copy of the one that it is to be like, in which nobody must be.
        """
        name = f"test_{uuid.uuid4().hex}"
        self.sql(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {like}")
        try:
            yield f"postgresql://{ROLE}:{PASSWORD}@{HOST}:{self.port}/{name}{self._query}"
        finally:
            if self.daemon.pid is not None:
                self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    room = database

    @property
    def folder(self) -> Path:
        return self.daemon.home.folder

    def version(self) -> str:
        return self.sql("SHOW server_version").split()[0]

    def sql(self, statement: str, *, database: str = "postgres") -> str:
        """What the superuser is answered: values separated by `|`, one row a line."""
        return self.daemon.home.run(
            program("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1",
            "-h", self.daemon.home.folder, "-p", str(self.port),
            "-U", "postgres", "-d", database, "-c", statement,
        ).strip()  # fmt: skip

    def start(self) -> None:
        self.daemon.start()

    def stop(self, mode: Stop = "fast") -> None:
        self.daemon.stop(_SIGNALS[mode])

    def kill(self) -> None:
        """SIGKILL for every process of the server."""
        self.daemon.kill()

    @property
    def _query(self) -> str:
        return f"?sslmode=verify-full&sslrootcert={self.tls.authority}" if self.tls else ""


def why_not() -> str | None:
    """Why PostgreSQL cannot be run here."""
    missing = [name for name in ("postgres", "initdb", "psql") if not _find(name)]
    return f"PostgreSQL is not installed: no {', '.join(missing)}" if missing else None


@contextmanager
def running(
    *, tls: Certificates | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Postgres]:
    """Run it for as long as the block lasts, with further `settings` of postgresql.conf.

    With `tls` it takes encrypted connections only, and nobody gets in without a password.
    """
    with home("postgres", owner="postgres") as place:
        (port,) = free_ports(1)
        server = Postgres(port, tls, _daemon(place, port))
        _write(place, {"port": str(port), **SETTINGS, **(settings or {})}, tls)
        server.start()
        try:
            server.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
            server.sql(f"ALTER ROLE postgres PASSWORD '{PASSWORD}'")
            yield server
        finally:
            server.stop()


@contextmanager
def standby(primary: Postgres) -> Iterator[Postgres]:
    """A hot standby of a server that takes unencrypted connections, until it is promoted."""
    with home("postgres", owner="postgres") as place:
        (port,) = free_ports(1)
        place.run(
            program("pg_basebackup"), "-D", place.folder / "data", "-R", "-c", "fast", "--no-sync",
            "-h", HOST, "-p", str(primary.port), "-U", "postgres",
        )  # fmt: skip
        _set(place, {"port": str(port), "unix_socket_directories": str(place.folder)})
        server = Postgres(port, None, _daemon(place, port))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def program(name: str) -> Path:
    """One of PostgreSQL's programs; Debian keeps most of them off the path."""
    found = _find(name)
    assert found is not None, f"{name} is not installed"
    return found


def _find(name: str) -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    there = shutil.which(name)
    return versions[-1] if versions else Path(there) if there else None


def _version(file: Path) -> float:
    return float(file.parts[4])


def _daemon(place: Home, port: int) -> Daemon:
    asked = [program("pg_isready"), "-q", "-h", place.folder, "-p", str(port)]
    return Daemon(
        place,
        [program("postgres"), "-D", place.folder / "data"],
        lambda: subprocess.run([str(part) for part in asked], check=False).returncode == 0,
    )


def _write(place: Home, settings: Mapping[str, str], tls: Certificates | None) -> None:
    data = place.folder / "data"
    place.run(
        program("initdb"), "-D", data, "-U", "postgres", "-A", "trust",
        "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions",
    )  # fmt: skip
    settings = {**settings, "unix_socket_directories": str(place.folder)}
    if tls:
        ours = tls.copied_to(data, owner=place.owner)
        settings |= {"ssl": "on", "ssl_cert_file": str(ours.chain), "ssl_key_file": str(ours.key)}
    _set(place, settings)
    (data / "pg_hba.conf").write_text(LOCAL + (ENCRYPTED if tls else OPEN))


def _set(place: Home, settings: Mapping[str, str]) -> None:
    """What is said later holds."""
    with (place.folder / "data" / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
