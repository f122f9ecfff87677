"""The servers that tests start, as those tests need them."""

import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import asyncpg
import pytest

from tests.services import cassandra, guard, kafka, mariadb, postgres, rabbitmq, redis
from tests.services.certificates import issue
from tests.services.needs import needs
from tests.services.pgbouncer import PgBouncer
from tests.services.postgres import Postgres
from tests.services.rabbitmq import RabbitMq
from tests.services.servers import Server
from tests.services.talk import TALKS

SOON = 30.0
RUNNING: dict[str, Callable[..., AbstractContextManager[Server]]] = {
    "redis": redis.running,
    "postgres": postgres.running,
    "rabbitmq": rabbitmq.running,
    "mariadb": mariadb.running,
    "kafka": kafka.running,
    "cassandra": cassandra.running,
}
A_TEST_RUN = """
import signal
from tests.services import postgres
with postgres.running() as server:
    print(server.folder, flush=True)
    signal.pause()
"""


def each_of(names: Collection[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=needs(name)) for name in names]
    )


@each_of(RUNNING)
async def test_an_encrypted_server_survives_its_kill_and_leaves_nothing_behind(
    name: str, tmp_path: Path
) -> None:
    talk = TALKS[name]

    with RUNNING[name](tls=issue(tmp_path)) as server, server.room() as url:
        await talk.write(url, "hello")
        if isinstance(server, RabbitMq):
            server.sync()
        server.kill()
        server.start()

        assert "hello" == await talk.read(url)

    assert [] == processes_of(server.folder)
    assert not server.folder.exists()


@each_of(["redis", "postgres", "mariadb"])
async def test_a_room_is_empty_whatever_was_left_in_another(
    name: str, request: pytest.FixtureRequest
) -> None:
    talk = TALKS[name]
    server: Server = request.getfixturevalue(f"{name}_server")

    with server.room() as one, server.room() as another:
        await talk.write(one, "one")
        await talk.write(another, "another")

        assert ("one", "another") == (await talk.read(one), await talk.read(another))


@each_of(["redis", "postgres", "mariadb"])
async def test_a_server_that_was_stopped_in_good_order_comes_back(
    name: str, request: pytest.FixtureRequest
) -> None:
    talk = TALKS[name]
    server: Server = request.getfixturevalue(f"{name}_server")

    with server.room() as url:
        await talk.write(url, "hello")
        server.stop()
        stopped = processes_of(server.folder)
        server.start()

        assert [] == stopped
        assert "hello" == await talk.read(url)


@each_of(["postgres"])
@pytest.mark.parametrize("stop", [Postgres.kill, lambda server: server.stop("immediate")])
async def test_no_process_of_postgresql_outlives_its_death(
    name: str, stop: Callable[[Postgres], None], postgres_server: Postgres
) -> None:
    postgres_server.start()
    with postgres_server.room() as url:
        connection = await asyncpg.connect(url)
        before = processes_of(postgres_server.folder)

        stop(postgres_server)
        after = processes_of(postgres_server.folder)
        postgres_server.start()

        assert len(before) > 5
        assert [] == after
        connection.terminate()


@each_of(["postgres"])
async def test_who_owns_a_database_of_postgresql_is_no_superuser(
    name: str, postgres_url: str
) -> None:
    connection = await asyncpg.connect(postgres_url)

    (role,) = await connection.fetch("SELECT * FROM pg_roles WHERE rolname = current_user")
    await connection.close()

    assert not role["rolsuper"]
    assert not role["rolbypassrls"]


@each_of(["pgbouncer"])
async def test_pgbouncer_leads_to_the_same_database(name: str, pgbouncer_server: PgBouncer) -> None:
    talk = TALKS["postgres"]

    with pgbouncer_server.server.room() as url:
        await talk.write(url, "hello")
        pgbouncer_server.kill()
        pgbouncer_server.start()

        assert "hello" == await talk.read(pgbouncer_server.through(url))


@each_of(["postgres"])
@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_the_servers_of_a_killed_test_run(
    name: str, blow: signal.Signals
) -> None:
    with subprocess.Popen([sys.executable, "-c", A_TEST_RUN], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().decode().strip())
        there = processes_of(folder)
        (watch,) = [pid for pid in everybody() if command_of(pid).endswith(f"guard.py {folder}")]

        run.send_signal(blow)

        assert len(there) > 5
        assert guard.wait(watch, SOON)
        assert [] == processes_of(folder)
        assert not folder.exists()


def processes_of(folder: Path) -> list[int]:
    """Those that work in the folder, whatever they are called."""
    return [pid for pid in everybody() if place_of(pid).startswith(str(folder))]


def everybody() -> list[int]:
    return [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal()]


def place_of(pid: int) -> str:
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/cwd").readlink())
    return ""


def command_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").replace("\0", " ")
    return ""
