"""What the limiter in PostgreSQL promises beyond the port."""

import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from sendwell.adapters.limiter.postgres import PostgresLimiter
from sendwell.adapters.sql.migrations import migrate as migrate_sqlite
from sendwell.domain.errors import Unavailable
from sendwell.domain.limits import ALLOWED
from tests.conformance.limiters import (
    NOW,
    OWNERS,
    PATIENCE,
    SECOND,
    a_demand,
    bring_up,
    migrate,
    when_back,
)
from tests.services import postgres
from tests.services.certificates import issue
from tests.services.needs import needs

pytestmark = needs("postgres")

QUICKLY = 10.0
OLD = NOW - 120 * SECOND
PAGE = Path(__file__).parents[2] / "docs/explanation/where-personal-data-lives.md"
MANY = 100_000
"""More than two stretches of the table."""
KEYS = 100
QUESTION = json.dumps(
    {
        "keys": [f"user:{n}" for n in range(KEYS)],
        "intervals": [9] * KEYS,
        "tolerances": [9] * KEYS,
        "sizes": [KEYS],
        "wanted": list(range(1, KEYS + 1)),
    }
)


@pytest.fixture
async def there(postgres_url: str) -> AsyncIterator[Any]:
    await migrate(postgres_url)
    there = await asyncpg.connect(postgres_url)
    yield there
    await there.close()


@pytest.fixture
async def limiter(there: Any, postgres_url: str) -> AsyncIterator[PostgresLimiter]:
    limiter = PostgresLimiter(postgres_url, within=PATIENCE)
    yield limiter
    await limiter.close()


@pytest.fixture
async def hasty(there: Any, postgres_url: str) -> AsyncIterator[PostgresLimiter]:
    """Waits as long as in earnest."""
    limiter = PostgresLimiter(postgres_url)
    yield limiter
    await limiter.close()


async def put(there: Any, pattern: str, tat: int, *, count: int = 1) -> None:
    await there.execute(
        "INSERT INTO limit_state SELECT format($1, n), $2 FROM generate_series(1, $3) AS n",
        pattern, tat, count,
    )  # fmt: skip


async def keys(there: Any) -> set[str]:
    return {row["key"] for row in await there.fetch("SELECT key FROM limit_state")}


async def test_keys_that_are_whole_again_are_removed_and_all_others_stay(
    limiter: PostgresLimiter, there: Any
) -> None:
    await put(there, "old:%s", OLD)
    await put(there, "behind another clock:%s", NOW - 30 * SECOND)
    await put(there, "counts:%s", NOW + 1)

    await limiter.take([a_demand("user")], NOW)

    assert await keys(there) == {"behind another clock:1", "counts:1", "user"}


async def test_sweeps_go_round_and_round_the_table_ten_seconds_apart(
    limiter: PostgresLimiter, there: Any
) -> None:
    await put(there, "counts a little longer:%s", NOW)
    await put(there, "old:%s", OLD, count=MANY)
    left = []

    for seconds in (0, 9, 10, 20, 100, 110, 120):
        await limiter.take([a_demand("user")], NOW + seconds * SECOND)
        left.append(len(await keys(there) - {"user"}))

    first, again, second, third, *_, last = left
    assert MANY > first == again > second > third == 1
    assert last == 0


async def test_a_row_that_is_in_use_holds_up_no_sweep(limiter: PostgresLimiter, there: Any) -> None:
    await put(there, "old:%s", OLD, count=3)

    async with there.transaction():
        await there.execute("SELECT 1 FROM limit_state WHERE key = 'old:2' FOR UPDATE")
        answers = await limiter.take([a_demand("user")], NOW)

    assert [ALLOWED] == answers
    assert await keys(there) == {"old:2", "user"}


async def test_a_key_that_somebody_keeps_locked_makes_it_unavailable_and_not_for_longer(
    hasty: PostgresLimiter, there: Any
) -> None:
    await when_back(hasty, a_demand("user"))

    async with there.transaction():
        await there.execute("SELECT 1 FROM limit_state WHERE key = 'user' FOR UPDATE")
        with pytest.raises(Unavailable):
            await hasty.take([a_demand("user")], NOW)
        elsewhere = await when_back(hasty, a_demand("other"))
    answers = await when_back(hasty, *[a_demand("user")] * 3)

    assert [ALLOWED] == elsewhere
    assert answers[2].key == "user"


async def test_a_session_that_hangs_is_left_behind(hasty: PostgresLimiter, there: Any) -> None:
    await when_back(hasty, a_demand("user"))
    sessions = await there.fetch(
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    for (session,) in sessions:
        os.kill(session, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(Unavailable):
            await hasty.take([a_demand("user")], NOW)
        took = time.monotonic() - began
        answers = await when_back(hasty, a_demand("other"))
    finally:
        for (session,) in sessions:
            os.kill(session, signal.SIGCONT)

    assert took < QUICKLY
    assert [ALLOWED] == answers


async def test_a_refused_demand_moves_nothing(limiter: PostgresLimiter, there: Any) -> None:
    await limiter.take([a_demand("all")] * 2, NOW)

    await limiter.take([a_demand("fresh", "all")], NOW)

    assert await there.fetchval("SELECT tat FROM limit_state WHERE key = 'fresh'") == 0


async def test_nobody_waits_for_the_disk(there: Any) -> None:
    async with there.transaction():
        await there.execute("SELECT limit_take($1, $2)", NOW, QUESTION)
        during = await there.fetchval("SHOW synchronous_commit")

    assert (during, await there.fetchval("SHOW synchronous_commit")) == ("off", "on")


async def test_a_plan_that_was_made_for_a_small_table_does_not_read_a_large_one_whole(
    there: Any,
) -> None:
    for n in range(8):  # from the sixth time on a connection keeps its plans
        await there.execute("SELECT limit_take($1, $2)", NOW + n, QUESTION)
    await put(there, "person:%s", NOW + SECOND, count=MANY)
    read = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'limit_state'"

    async with there.transaction():
        await there.execute("SELECT limit_take($1, $2)", NOW, QUESTION)
        tuples = await there.fetchval(read)

    assert tuples == 0


async def test_without_its_tables_it_is_unavailable(postgres_url: str) -> None:
    limiter = PostgresLimiter(postgres_url, within=PATIENCE)

    with pytest.raises(Unavailable, match="Undefined"):
        await limiter.take([a_demand("user")], NOW)

    await limiter.close()


async def test_behind_pgbouncer_nothing_is_prepared(there: Any, postgres_url: str) -> None:
    limiter = PostgresLimiter(f"{postgres_url}?pooled=true", within=PATIENCE)

    answers = [answer for _ in range(3) for answer in await limiter.take([a_demand("user")], NOW)]

    assert [ALLOWED, ALLOWED] == answers[:2]
    assert answers[2].key == "user"
    await limiter.close()


async def test_over_tls_only_a_server_of_the_given_authority_is_asked(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = issue(tmp_path / "ours"), issue(tmp_path / "theirs")
    with postgres.running(tls=ours) as server, server.database() as url:
        await migrate(url)

        assert [ALLOWED] == await ask_once(url)
        for wrong in (
            url.replace(str(ours.authority), str(theirs.authority)),
            url.replace("verify-full", "disable"),
        ):
            with pytest.raises(Unavailable):
                await ask_once(wrong)


async def test_limits_of_before_that_name_people_by_their_ids_are_forgotten(
    postgres_url: str, tmp_path: Path
) -> None:
    for migration in ("0001_first_tables.py", "0002_leases.py"):
        (tmp_path / migration).write_text((OWNERS["limiter"] / migration).read_text())
    await bring_up(postgres_url, {"limiter": tmp_path})
    there = await asyncpg.connect(postgres_url)
    for key in ("person:acme:anna@example.org", "day:acme:2026-11-23:anna", "channel:sms"):
        await put(there, key, NOW + SECOND)

    await bring_up(postgres_url, OWNERS)

    left = await keys(there)
    await there.close()
    assert {"channel:sms"} == left


async def test_the_page_tells_how_to_forget_what_was_named_so_while_processes_were_replaced(
    there: Any,
) -> None:
    (command,) = re.findall(r'^psql "\$DB_URL" -c "(.+)"$', PAGE.read_text(), re.MULTILINE)
    for key in ("person:acme:anna@example.org", "day:acme:2026-11-23:anna", "channel:sms"):
        await put(there, key, NOW + SECOND)

    await there.execute(command)

    assert {"channel:sms"} == await keys(there)


def test_on_sqlite_there_is_nothing_to_create(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'test.db'}")

    migrate_sqlite(engine, OWNERS)

    assert sa.inspect(engine).get_table_names() == ["limiter_version"]
    engine.dispose()


async def ask_once(url: str) -> object:
    limiter = PostgresLimiter(url, within=PATIENCE)
    try:
        return await limiter.take([a_demand("user")], NOW)
    finally:
        await limiter.close()
