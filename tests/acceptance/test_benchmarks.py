"""The benchmarks drive what they measure on real servers as they do on SQLite."""

from contextlib import nullcontext
from pathlib import Path

import asyncpg
import pytest

from benchmarks import floor_rows
from benchmarks.bench import Bench, read
from benchmarks.end_to_end import send_all
from benchmarks.engines import product, spike
from benchmarks.servers import On, Servers, ask, running
from benchmarks.services import services
from benchmarks.words import mail_item
from tests.services.needs import needs
from tests.services.postgres import Postgres

pytestmark = needs("postgres")
COUNT = 400
ACCEPTED = "sendwell_notifications_accepted_total{"


@pytest.fixture
def bench(tmp_path: Path, postgres_url: str) -> Bench:
    servers = Servers(On.POSTGRES, lambda: nullcontext(postgres_url))
    return Bench(tmp_path, is_quick=True, servers=servers, workers=2)


def accepted(port: int) -> float:
    lines = read(port, "/metrics").decode().splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith(ACCEPTED))


def test_two_processes_on_one_postgresql_share_the_requests(bench: Bench) -> None:
    with product(bench, "null") as engine:
        done = send_all(bench, engine, mail_item(), count=COUNT, batch=1)
        taken = [accepted(port) for port in engine.ports]

        assert engine.sent() == COUNT

    assert done.per_second > 0
    assert sum(taken) == COUNT
    assert min(taken) > 0


def test_services_with_a_bus_between_them_send_everything(
    tmp_path: Path, postgres_server: Postgres
) -> None:
    bench = Bench(tmp_path, servers=Servers(On.POSTGRES, postgres_server.database), workers=2)

    with services(bench, "null") as engine:
        send_all(bench, engine, mail_item(), count=COUNT, batch=100)

        assert engine.sent() == COUNT


def test_the_floor_of_postgresql_does_the_same_job(bench: Bench) -> None:
    with spike(bench, "null") as engine:
        send_all(bench, engine, mail_item(), count=COUNT, batch=100)

        assert engine.sent() == COUNT


def test_a_postgresql_that_was_named_gets_a_database_for_the_run_only(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_DB_URL", postgres_server.url)

    with running(On.POSTGRES) as servers, servers.room() as room:
        assert room.database is not None
        made = ask(room.database, "SELECT current_database()")

        assert room.database.endswith(f"/{made}")
    assert made not in postgres_server.sql("SELECT datname FROM pg_database")


async def test_what_the_database_alone_allows_is_measured_in_that_database(
    tmp_path: Path, postgres_url: str
) -> None:
    figures = await floor_rows.measure(tmp_path, postgres_url, 0.1)

    assert await tables(postgres_url) == 2 * (len(figures) - 1)  # all but the bare disk's


async def tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname LIKE 'floor%'"
        )
    finally:
        await connection.close()
    return found
