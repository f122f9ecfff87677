"""A real PgBouncer on the loopback, before a PostgreSQL."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.services import postgres
from tests.services.daemon import Daemon, home
from tests.services.ports import HOST, free_ports, listens
from tests.services.postgres import Postgres

Pooling = Literal["session", "transaction", "statement"]

CONFIGURATION = """
[databases]
* = host={host} port={server}

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
pool_mode = {pooling}
default_pool_size = {size}
max_client_conn = 1000
auth_type = scram-sha-256
auth_file = {users}
auth_user = postgres
ignore_startup_parameters = extra_float_digits
"""

USERS = f'"{postgres.ROLE}" "{postgres.PASSWORD}"\n"postgres" "{postgres.PASSWORD}"\n'


@dataclass(frozen=True, slots=True)
class PgBouncer:
    """A PgBouncer that can be taken away and brought back: same port."""

    port: int
    server: Postgres
    daemon: Daemon

    @property
    def url(self) -> str:
        """As superuser, whom it asks for a password."""
        return f"postgresql://postgres:{postgres.PASSWORD}@{HOST}:{self.port}/postgres"

    def through(self, url: str) -> str:
        """The way to the same database through this: `url` is the server's own."""
        return url.replace(f":{self.server.port}/", f":{self.port}/")

    @contextmanager
    def room(self) -> Iterator[str]:
        """A new database of the server, through this."""
        with self.server.database() as url:
            yield self.through(url)

    @property
    def folder(self) -> Path:
        return self.daemon.home.folder

    def version(self) -> str:
        return self.daemon.home.run(program(), "--version").split()[1]

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        self.daemon.kill()


def why_not() -> str | None:
    """Why PgBouncer cannot be run here."""
    return postgres.why_not() or (None if _find() else "PgBouncer is not installed")


@contextmanager
def running(*, pooling: Pooling = "transaction", size: int = 20) -> Iterator[PgBouncer]:
    """Run it before a PostgreSQL of its own, for as long as the block lasts."""
    with postgres.running() as server, before(server, pooling=pooling, size=size) as bouncer:
        yield bouncer


@contextmanager
def before(
    server: Postgres, *, pooling: Pooling = "transaction", size: int = 20
) -> Iterator[PgBouncer]:
    """Run it for as long as the block lasts, with at most `size` connections a database."""
    with home("pgbouncer", owner="postgres") as place:
        (port,) = free_ports(1)
        (users := place.folder / "users").write_text(USERS)
        (configuration := place.folder / "pgbouncer.ini").write_text(
            CONFIGURATION.format(
                host=HOST, port=port, server=server.port, pooling=pooling, size=size, users=users
            )
        )
        daemon = Daemon(place, [program(), configuration], lambda: listens(port))
        bouncer = PgBouncer(port, server, daemon)
        bouncer.start()
        try:
            yield bouncer
        finally:
            bouncer.kill()


def program() -> Path:
    found = _find()
    assert found is not None, "PgBouncer is not installed"
    return found


def _find() -> Path | None:
    there = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    return Path(there) if there else None
