"""`sendwell migrate`: tables are brought up to date while others work on them."""

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.acceptance.command import Result, sendwell
from tests.acceptance.product import ROOT, running
from tests.services.needs import needs

LONGER_THAN_A_LOCK_IS_WAITED_FOR = 1.5


async def migrate(data: Path, *options: str, url: str | None = None) -> Result:
    environment = {"DB_URL": url} if url else {}
    return await sendwell("migrate", "--data", str(data), *options, environment=environment)


@pytest.fixture
def made_postgres_url(postgres_url: str) -> str:
    """To make the tables is what these tests are about: here none are."""
    return postgres_url


async def test_what_is_pending_is_told_and_then_applied(tmp_path: Path, each_database: str) -> None:
    before = await migrate(tmp_path, "--check")
    applied = await migrate(tmp_path, "--json")
    after = await migrate(tmp_path, "--check")

    assert (before.code, applied.code, after.code) == (1, 0, 0), applied.errors
    assert "templates   pending: 0001_first_tables" in before.out
    assert "templates   up to date" in after.out
    (database,) = applied.json["databases"]
    assert "0001_first_tables" in database["roles"]["users"]["applied"]
    assert bool(database["walls"]) == (each_database == "postgresql")


async def test_a_role_alone_is_brought_up_to_date(tmp_path: Path) -> None:
    applied = await migrate(tmp_path, "--role", "users", "--json")
    pending = await migrate(tmp_path, "--check", "--json")

    assert applied.code == 0, applied.errors
    roles = pending.json["databases"][0]["roles"]
    assert {role for role, found in roles.items() if not found["pending"]} == {"users"}


async def test_a_look_makes_nothing(tmp_path: Path) -> None:
    looked = await migrate(tmp_path / "nowhere", "--check")

    assert (looked.code, "users       pending: " in looked.out) == (1, True)
    assert not (tmp_path / "nowhere").exists()


async def test_a_role_that_is_none_is_told(tmp_path: Path) -> None:
    refused = await migrate(tmp_path, "--role", "postman")

    assert refused.code == 1
    assert "There are no tables of 'postman'; there are " in refused.errors


async def test_what_a_newer_version_has_only_added_is_left_as_it_is(tmp_path: Path) -> None:
    await migrate(tmp_path)
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as connection, connection:
        connection.execute("UPDATE users_version SET version_num='0999'")

    again = await migrate(tmp_path)
    async with running(tmp_path) as product:
        answer = await product.client.put("/api/v1/users/ada", json={"email": "ada@example.org"})

    assert (again.code, answer.status_code) == (0, 201)
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as connection:
        assert connection.execute("SELECT version_num FROM users_version").fetchall() == [("0999",)]


async def test_tables_that_a_newer_version_has_made_otherwise_are_refused(
    tmp_path: Path,
) -> None:
    await migrate(tmp_path)
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as connection, connection:
        connection.execute("UPDATE users_version SET version_num='9999'")

    refused = await migrate(tmp_path)

    assert refused.code == 1
    assert "A newer Sendwell has changed tables that this one does not know: users (9999)." in (
        refused.errors
    )


async def test_a_server_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    refused = await migrate(tmp_path, url="postgresql://u:hunter2@127.0.0.1:1/db")

    assert refused.code == 1
    assert "postgresql://u:***@127.0.0.1:1/db: The database cannot be reached" in refused.errors
    assert "hunter2" not in refused.errors
    assert "Traceback" not in refused.errors


class TestOnPostgres:
    """What several processes on one server have to get along with."""

    pytestmark = needs("postgres")

    async def test_of_two_at_the_same_moment_each_ends_well(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        results = await asyncio.gather(*(migrate(tmp_path, url=postgres_url) for _ in range(2)))

        assert [result.code for result in results] == [0, 0], results
        assert (await migrate(tmp_path, "--check", url=postgres_url)).code == 0

    async def test_it_waits_for_who_uses_a_table_names_him_and_goes_on(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        await migrate(tmp_path, url=postgres_url)
        async with session(postgres_url, name="monthly report") as other:
            await one_migration_back(other)
            reading = other.transaction()
            await reading.start()
            await other.execute("LOCK TABLE work IN ACCESS SHARE MODE")
            process = await begin(tmp_path, postgres_url)

            told = await line_with(process, "waits for")
            await reading.rollback()
            code = await asyncio.wait_for(process.wait(), 30)

        assert "(monthly report, idle in transaction for" in told
        assert code == 0
        assert (await migrate(tmp_path, "--check", url=postgres_url)).code == 0

    async def test_who_works_on_the_tables_goes_on_meanwhile(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        async with running(tmp_path, environment={"DB_URL": postgres_url}) as product:
            async with session(postgres_url, name="a new table") as other:
                await other.execute("DROP TABLE quarantine, quarantine_version")
            applied = await migrate(tmp_path, url=postgres_url)
            answer = await product.send(user_id="user-001", content="hello")
            await product.settled(answer.json()["id"], "SENT", "DELIVERED")

        assert applied.code == 0, applied.errors
        assert "quarantine  applied: 0001_first_tables" in applied.out

    async def test_who_waits_for_another_to_migrate_goes_on_when_that_is_done(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        async with session(postgres_url, name="another process") as other:
            await other.execute("SELECT pg_advisory_lock(7370601, 0)")
            migrating = asyncio.create_task(migrate(tmp_path, url=postgres_url))
            await somebody_waits(other)
            await asyncio.sleep(LONGER_THAN_A_LOCK_IS_WAITED_FOR)
            await other.execute("SELECT pg_advisory_unlock(7370601, 0)")

            result = await migrating

        assert result.code == 0, result.errors
        assert "journal     applied: 0001_first_tables" in result.out

    async def test_a_start_beside_a_long_backup_holds_up_nobody_and_names_it(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        environment = {"DB_URL": postgres_url, "ROUTE_EMAIL": "mailbox"}
        async with (
            running(tmp_path, environment=environment) as product,
            session(postgres_url, name="nightly backup") as other,
        ):
            await other.execute(f"DROP TABLE {await last_partition(other)}")
            async with other.transaction():
                await other.execute("LOCK TABLE requested IN ACCESS SHARE MODE")
                process = await begin(tmp_path, postgres_url, "up", "--port", "0")
                told = await line_with(process, "database.upkeep_waits")
                began = asyncio.get_running_loop().time()
                for number in range(5):
                    answer = await product.send(user_id="user-001", content=str(number))
                    assert answer.status_code == 202
                seconds = asyncio.get_running_loop().time() - began
            process.terminate()
            await asyncio.wait_for(process.communicate(), 60)

        assert "(nightly backup, idle in transaction for" in told
        assert seconds < 10
        assert process.returncode == 0

    async def test_a_start_that_waits_for_a_table_ends_without_a_word_when_it_is_stopped(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        await migrate(tmp_path, url=postgres_url)
        async with session(postgres_url, name="monthly report") as other:
            await one_migration_back(other)
            async with other.transaction():
                await other.execute("LOCK TABLE work IN ACCESS SHARE MODE")
                process = await begin(tmp_path, postgres_url, "up", "--port", "0")
                await somebody_waits(other)

                process.terminate()
                _, errors = await asyncio.wait_for(process.communicate(), 30)

        assert (process.returncode, errors) == (0, b"")


@asynccontextmanager
async def session(url: str, *, name: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url, server_settings={"application_name": name})
    try:
        yield connection
    finally:
        await connection.close()


async def one_migration_back(connection: Any) -> None:
    """The delivery's tables are as they were before its third migration."""
    await connection.execute("DROP INDEX work_node_due")
    await connection.execute("ALTER TABLE work DROP COLUMN node")
    await connection.execute("UPDATE delivery_version SET version_num='0002'")


async def last_partition(connection: Any) -> str:
    """Of what is accepted, the week that is furthest ahead."""
    name: str = await connection.fetchval(
        "SELECT max(inhrelid::regclass::text) FROM pg_inherits"
        " WHERE inhparent='requested'::regclass"
    )
    return name


async def somebody_waits(connection: Any) -> None:
    async with asyncio.timeout(60):
        while not await connection.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND database=(SELECT oid FROM pg_database WHERE datname=current_database())"
        ):
            await asyncio.sleep(0.05)


async def begin(data: Path, url: str, *command: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sendwell", *(command or ("migrate",)), "--data", str(data),
        cwd=ROOT, env={"DB_URL": url, "PATH": ""},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def line_with(process: asyncio.subprocess.Process, words: str) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while line := (await process.stderr.readline()).decode():
            if words in line:
                return line
    raise AssertionError(f"it never said {words!r}")
