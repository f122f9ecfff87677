"""`sendwell promote`: an installation moves from its SQLite file to PostgreSQL."""

import asyncio
import signal
import sqlite3
import sys
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from sendwell.domain.delivery_key import DeliveryKey
from tests.acceptance.command import Result, sendwell
from tests.acceptance.product import ROOT, Product, running, webhooks
from tests.acceptance.service_alone import alone
from tests.services.needs import needs
from tests.simulators.troubles import Instead, Reply
from tests.simulators.webhook import WebhookSimulator

pytestmark = needs("postgres")
MANY = 30_000
HOUR = 3_600


async def promote(data: Path, url: str, *options: str) -> Result:
    return await sendwell("promote", "--from", str(data), "--to", url, "--json", *options)


@pytest.mark.parametrize("failpoint", ["plan.before:2", "claim.before"])
async def test_what_was_and_what_is_to_come_goes_on_after_the_move(
    failpoint: str, tmp_path: Path, endpoint: WebhookSimulator, postgres_url: str
) -> None:
    environment = webhooks(endpoint.credentials)
    to = {"url": endpoint.address}
    async with running(tmp_path, "--no-sample", environment=environment) as old:
        key = old.key
        sent = await sent_to(old, to=to, id="order-7")
        far = await sent_to(old, to=to, send_at=in_seconds(HOUR))
        await old.settled(sent, "SENT", "DELIVERED")
        endpoint.fail_next(Instead(Reply(413)))
        dead = await sent_to(old, to=to)
        await old.settled(dead, "DEAD")
        before = [await seen(old, id_) for id_ in (sent, dead, far)]
    soon, waiting = await left_by_a_crash(tmp_path, environment, failpoint, to=to)

    moved = await promote(tmp_path, postgres_url)

    assert moved.code == 0, moved.errors
    on_postgres = environment | {"DB_URL": postgres_url}
    async with running(tmp_path, "--no-sample", environment=on_postgres) as new:
        assert [await seen(new, id_) for id_ in (sent, dead, far)] == before
        assert new.key == key
        for id_ in (soon, waiting):
            await new.settled(id_, "SENT", "DELIVERED", seconds=30)
        again = await new.send(to=to, content="hello", id="order-7")
        assert again.json()["duplicate"]
        fresh = await sent_to(new, to=to)
        await new.settled(fresh, "SENT", "DELIVERED")
        assert (await new.get("/ledger"))["adds_up"]
    arrived = [DeliveryKey.parse(key).notification for key in endpoint.deliveries]
    assert (sorted(arrived), endpoint.repeats) == (sorted((sent, soon, waiting, fresh)), 0)


async def test_an_id_of_long_ago_is_known_after_the_move(tmp_path: Path, postgres_url: str) -> None:
    await an_installation(tmp_path)
    add_notifications(tmp_path, 1, days_ago=40)
    moved = await promote(tmp_path, postgres_url)
    environment = {"DB_URL": postgres_url, "IDEMPOTENCY_WINDOW_HOURS": "2160"}

    async with running(tmp_path, "--no-sample", environment=environment) as new:
        again = await new.send(to={"email": "a@example.com"}, content="hello", id="n0")

    assert moved.code == 0, moved.errors
    assert (again.status_code, again.json()["duplicate"]) == (202, True)


async def test_the_public_key_of_the_sample_is_not_good_where_it_was_moved(
    tmp_path: Path, postgres_url: str
) -> None:
    async with running(tmp_path) as product:
        public = {"Authorization": f"Bearer {product.key}"}
    assert (await promote(tmp_path, postgres_url)).code == 0
    environment = {
        "DB_URL": postgres_url, "CHANNEL_ENABLE_LIST": "email", "ROUTE_EMAIL": "mailbox",
    }  # fmt: skip

    async with alone(tmp_path, "all", environment) as (_, client):
        answer = await client.get("/api/v1/notifications", headers=public)

    assert (answer.status_code, "sample" in answer.json()["detail"]) == (401, True)


async def test_every_table_is_counted_and_compared(tmp_path: Path, postgres_url: str) -> None:
    async with running(tmp_path) as product:
        await product.settled(await sent_to(product, user_id="user-001"), "SENT", "DELIVERED")

    moved = await promote(tmp_path, postgres_url)

    assert moved.code == 0, moved.errors
    assert {each["table"]: each["rows"] for each in moved.json["tables"]} == counts(tmp_path)
    assert moved.json["rows"] == sum(counts(tmp_path).values())
    assert await rows_of(postgres_url, "SELECT finished_at IS NOT NULL FROM promotion_run") == [
        (True,)
    ]


async def test_nothing_starts_on_the_file_after_the_move_nor_moves_it_again(
    tmp_path: Path, postgres_url: str
) -> None:
    await an_installation(tmp_path)
    first = await promote(tmp_path, postgres_url)

    started = await sendwell("up", "--port", "0", "--data", str(tmp_path))
    again = await promote(tmp_path, postgres_url)

    assert (first.code, started.code, again.code) == (0, 1, 1)
    assert "was moved to PostgreSQL" in started.errors
    assert "was moved by `sendwell promote` before" in again.errors


async def test_a_file_somebody_works_on_is_only_copied_ahead(
    tmp_path: Path, endpoint: WebhookSimulator, postgres_url: str
) -> None:
    environment = webhooks(endpoint.credentials)
    to = {"url": endpoint.address}
    async with running(tmp_path, "--no-sample", environment=environment) as product:
        early = await sent_to(product, to=to)
        held = await sent_to(product, to=to, send_at=in_seconds(HOUR))
        await product.settled(early, "SENT", "DELIVERED")

        refused = await promote(tmp_path, postgres_url)
        ahead = await promote(tmp_path, postgres_url, "--ahead")

        assert (await product.client.post(f"/api/v1/notifications/{held}/cancel")).is_success
        late = await sent_to(product, to=to)
        await product.settled(late, "SENT", "DELIVERED")
        await product.settled(held, "CANCELLED")
    early_start = await sendwell(
        "up", "--port", "0", "--data", str(tmp_path), environment={"DB_URL": postgres_url}
    )
    moved = await promote(tmp_path, postgres_url)

    assert (refused.code, ahead.code, moved.code) == (1, 0, 0), moved.errors
    assert "Somebody is at work on" in refused.errors
    assert "has not ended" in early_start.errors
    assert 0 < moved.json["copied"] < moved.json["rows"]
    assert {each["table"]: each["rows"] for each in moved.json["tables"]} == counts(tmp_path)
    async with running(
        tmp_path, "--no-sample", environment=environment | {"DB_URL": postgres_url}
    ) as new:
        statuses = [(await new.get(f"/notifications/{id_}"))["status"] for id_ in (held, late)]
    assert statuses[0] == "CANCELLED"
    assert statuses[1] in {"SENT", "DELIVERED"}


async def test_a_killed_promotion_goes_on_where_it_was(tmp_path: Path, postgres_url: str) -> None:
    await an_installation(tmp_path)
    add_notifications(tmp_path, MANY)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sendwell", "promote", "--from", str(tmp_path), "--to", postgres_url,
        cwd=ROOT, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await copied(postgres_url, at_least=1)
    process.send_signal(signal.SIGSTOP)
    in_the_middle = await copied(postgres_url, at_least=1)
    process.kill()
    await process.wait()

    moved = await promote(tmp_path, postgres_url)

    assert moved.code == 0, moved.errors
    assert 0 < in_the_middle < MANY
    assert moved.json["copied"] <= moved.json["rows"] - in_the_middle
    assert {each["table"]: each["rows"] for each in moved.json["tables"]} == counts(tmp_path)


async def test_a_target_with_other_data_is_refused(tmp_path: Path, postgres_url: str) -> None:
    for name in ("old", "other"):
        await an_installation(tmp_path / name)
    async with running(
        tmp_path / "other", "--no-sample", environment={"DB_URL": postgres_url}
    ) as other:
        while_at_work = await promote(tmp_path / "old", postgres_url)
        key = other.key
    afterwards = await promote(tmp_path / "old", postgres_url)

    assert (while_at_work.code, afterwards.code) == (1, 1)
    assert "at work on the target" in while_at_work.errors
    assert "holds other data already, in api_key, " in afterwards.errors
    async with running(
        tmp_path / "other", "--no-sample", environment={"DB_URL": postgres_url}
    ) as other:
        assert other.key == key


@pytest.mark.parametrize("revision", ["0999", "9999"])
async def test_a_file_of_a_newer_version_is_moved_by_that_one(
    revision: str, tmp_path: Path, postgres_url: str
) -> None:
    await an_installation(tmp_path)
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as file, file:
        file.execute("UPDATE users_version SET version_num=?", (revision,))

    refused = await promote(tmp_path, postgres_url)

    assert refused.code == 1
    assert "The tables of users in " in refused.errors
    assert "were made by a newer Sendwell: move it with that version." in refused.errors
    assert "sendwell migrate" not in refused.errors


async def test_a_half_promoted_target_takes_no_other_file(
    tmp_path: Path, postgres_url: str
) -> None:
    for name in ("one", "two"):
        await an_installation(tmp_path / name)
    await promote(tmp_path / "one", postgres_url, "--ahead")

    refused = await promote(tmp_path / "two", postgres_url)

    assert refused.code == 1
    assert "one/sendwell.db into this database has not ended" in refused.errors


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://u:hunter2@127.0.0.1/db", "has no place here"),
        ("postgresql://u:hunter2@127.0.0.1:1/db", "cannot be reached"),
        ("postgresql://u:hunter2@127.0.0.1:1/db?pooled=true", "leads to a pooler"),
    ],
)
async def test_a_target_that_cannot_be_used_is_told_without_its_password(
    tmp_path: Path, url: str, why: str
) -> None:
    await an_installation(tmp_path)

    refused = await promote(tmp_path, url)

    assert refused.code == 1
    assert why in refused.errors
    assert "hunter2" not in refused.errors
    assert "Traceback" not in refused.errors


async def test_a_folder_without_a_database_is_told(tmp_path: Path, postgres_url: str) -> None:
    refused = await promote(tmp_path, postgres_url)

    assert refused.code == 1
    assert f"There is no database {tmp_path}/sendwell.db" in refused.errors


async def an_installation(data: Path) -> None:
    assert (await sendwell("migrate", "--data", str(data))).code == 0


async def sent_to(product: Product, **request: Any) -> str:
    answer = await product.send(content="hello", **request)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def left_by_a_crash(
    data: Path, environment: dict[str, str], failpoint: str, *, to: dict[str, str]
) -> tuple[str, str]:
    """One for soon, and one that was accepted by a process which then died at that point."""
    dying = await Product(data, "--no-sample", environment=environment).start(failpoint=failpoint)
    soon = await sent_to(dying, to=to, send_at=in_seconds(10))
    await dying.settled(soon, "SCHEDULED")
    with suppress(httpx2.HTTPError):  # it may die before it has answered
        await sent_to(dying, to=to, id="left-behind")
    await dying.gone()
    return soon, "left-behind"


async def seen(product: Product, id_: str) -> Any:
    return [await product.get(f"/notifications/{id_}{page}") for page in ("", "/timeline")]


def add_notifications(data: Path, count: int, *, days_ago: int = 0) -> None:
    """Many small rows, a second apart, far back in time."""
    first = (time.time_ns() // 1_000_000 - days_ago * 86_400_000 - count * 1000) << 21
    with closing(sqlite3.connect(data / "sendwell.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO requested(position,tenant,id,event_type,accepted_at,body)"
            " VALUES(?,'default',?,'test',?,?)",
            ((first + (n * 1000 << 21), f"n{n}", n, b"body" * 50) for n in range(count)),
        )


def counts(data: Path) -> dict[str, int]:
    """The rows of every table of data in the file."""
    ours = (
        "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'"
        " AND sql NOT LIKE '%version_num%'"
    )
    with closing(sqlite3.connect(data / "sendwell.db")) as connection:
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - a table of ours
            for (name,) in connection.execute(ours).fetchall()
        }


async def rows_of(url: str, question: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url, server_settings={"sendwell.tenant": "*"})
    try:
        return [tuple(row) for row in await connection.fetch(question)]
    finally:
        await connection.close()


async def copied(url: str, *, at_least: int) -> int:
    """Wait until so many notifications are on the target; gives how many those are."""
    connection = await asyncpg.connect(url, server_settings={"sendwell.tenant": "*"})
    try:
        async with asyncio.timeout(120):
            while True:
                if await connection.fetchval("SELECT to_regclass('promotion')") is not None:
                    found: int = await connection.fetchval("SELECT count(*) FROM requested")
                    if found >= at_least:
                        return found
                await asyncio.sleep(0.005)
    finally:
        await connection.close()


def in_seconds(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()
