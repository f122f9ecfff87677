"""`sendwell doctor` on servers: each is a finding in plain words, also the one that is away."""

import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from sendwell.adapters.bus.postgres import PostgresBus
from sendwell.ports.bus import Parcel, Stream
from tests.acceptance.command import Result, sendwell
from tests.acceptance.product import running
from tests.services.needs import needs

NOBODY = "http://127.0.0.1:9"
HOUR_MS = 3_600_000


async def doctor(data: Path, at: str = NOBODY, **environment: str) -> Result:
    return await sendwell("doctor", "--data", str(data), "--json", at=at, environment=environment)


def found(result: Result) -> Mapping[str, tuple[str, str]]:
    """By topic, the level and the words of the last finding."""
    return {each["topic"]: (each["level"], each["text"]) for each in result.json["findings"]}


def texts(result: Result) -> list[str]:
    return [each["text"] for each in result.json["findings"]]


@pytest.mark.parametrize(
    ("variable", "url", "topic"),
    [
        ("DB_URL", "postgresql://u:hunter2@127.0.0.1:1/db", "database"),
        ("USERS_DB_URL", "mysql://u:hunter2@127.0.0.1:1/db", "database"),
        ("HISTORY_URL", "cassandra://u:hunter2@127.0.0.1:1/sendwell", "history"),
        ("CACHE_URL", "redis://:hunter2@127.0.0.1:1/0", "cache"),
        ("BROKER_URL", "amqp://u:hunter2@127.0.0.1:1/", "bus"),
        ("BROKER_URL", "kafka://127.0.0.1:1", "bus"),
        ("BROKER_URL", "postgresql://u:hunter2@127.0.0.1:1/db", "bus"),
    ],
)
async def test_a_server_that_is_away_is_a_finding(
    tmp_path: Path, variable: str, url: str, topic: str
) -> None:
    told = await doctor(tmp_path, **{variable: url})

    level, text = found(told)[topic]
    assert (told.code, level) == (1, "wrong")
    assert "127.0.0.1:1" in text
    assert all(each["advice"] for each in told.json["findings"] if each["level"] == "wrong")
    assert "hunter2" not in told.out + told.errors
    assert "Traceback" not in told.errors


async def test_services_without_one_place_for_their_limits_are_told_of_it(tmp_path: Path) -> None:
    apart = {"USERS_URL": "http://127.0.0.1:9", "RATE_LIMIT_USER": "5/d"}

    told = found(await doctor(tmp_path, **apart))["limits"]
    together = {**apart, "LIMITER_DB_URL": "postgresql://u:hunter2@127.0.0.1:1/limits"}

    assert told[0] == "note"
    assert told[1].startswith("RATE_LIMIT_USER: each service counts alone")
    assert "limits" not in found(await doctor(tmp_path, **together))


@pytest.mark.parametrize("server", [pytest.param("redis", marks=needs("redis"))])
async def test_a_redis_says_its_version_and_how_fast_it_answers(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    told = await doctor(tmp_path, CACHE_URL=request.getfixturevalue(f"{server}_url"))

    level, text = found(told)["cache"]
    assert level == "ok"
    assert text.startswith("Redis ")
    assert " answers in " in text


@pytest.mark.parametrize(
    "server",
    [pytest.param(name, marks=needs(name)) for name in ("rabbitmq", "kafka", "postgres")],
)
async def test_a_bus_says_what_it_is_and_how_fast_it_answers(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"BROKER_URL": request.getfixturevalue(f"{server}_url")}
    assert (await sendwell("migrate", "--data", str(tmp_path), environment=environment)).code == 0

    told = await doctor(tmp_path, **environment)

    answers = [each for each in told.json["findings"] if " answers in " in each["text"]]
    assert ("bus", "ok") in {(each["topic"], each["level"]) for each in answers}


@pytest.mark.parametrize("server", [pytest.param("mariadb", marks=needs("mariadb"))])
async def test_a_database_of_people_says_its_version(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with request.getfixturevalue(f"{server}_server").database() as url:
        told = await doctor(tmp_path, USERS_DB_URL=url)

    level, text = found(told)["mysql"]
    assert level == "ok"
    assert text.startswith(("MariaDB ", "MySQL "))
    assert " answers in " in text


@pytest.mark.parametrize("server", [pytest.param("cassandra", marks=needs("cassandra"))])
async def test_a_history_says_its_version_and_makes_nothing(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"HISTORY_URL": request.getfixturevalue(f"{server}_url")}

    told = [await doctor(tmp_path, **environment) for _ in range(2)]

    for each in told:
        texts = [one["text"] for one in each.json["findings"] if one["topic"] == "history"]
        assert texts[0].startswith("Cassandra ")
        assert " answers in " in texts[0]
        assert texts[1].endswith(" has no tables yet.")


async def test_what_was_accepted_long_ago_and_never_planned_is_told(tmp_path: Path) -> None:
    await sendwell("migrate", "--data", str(tmp_path))
    position = (time.time_ns() // 1_000_000 - HOUR_MS) << 21
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as connection, connection:
        connection.execute(
            "INSERT INTO requested(position,tenant,id,event_type,accepted_at,body)"
            " VALUES(?,'default','forgotten','test',0,x'00')",
            (position,),
        )
        connection.execute("INSERT INTO outbox(number,node,letter) VALUES(?,0,x'00')", (position,))

    told = await doctor(tmp_path)

    level, text = found(told)["planning"]
    assert level == "note"
    assert text.startswith("One accepted notification is not planned yet, for 3,6")
    assert found(told)["outbox"][0] == "wrong"  # no BROKER_URL is set


@pytest.mark.parametrize(
    ("revision", "level", "has_backlog"), [("0999", "ok", True), ("9999", "wrong", False)]
)
async def test_a_file_of_a_newer_version_is_wrong_only_where_it_has_not_only_added(
    tmp_path: Path, revision: str, level: str, *, has_backlog: bool
) -> None:
    await sendwell("migrate", "--data", str(tmp_path))
    with closing(sqlite3.connect(tmp_path / "sendwell.db")) as connection, connection:
        connection.execute("UPDATE users_version SET version_num=?", (revision,))

    told = await doctor(tmp_path)

    assert found(told)["migrations"][0] == level
    assert ("planning" in found(told)) == has_backlog


class TestOnPostgres:
    """What is to be known about a database that processes share."""

    pytestmark = needs("postgres")

    async def test_all_is_well_while_a_process_works_on_it(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        async with running(tmp_path, environment={"DB_URL": postgres_url}) as product:
            told = await doctor(tmp_path, product.url, DB_URL=postgres_url)

        topics = found(told)
        well = ("postgresql", "walls", "partitions", "planning", "outbox", "migrations", "server")
        assert {topics[topic][0] for topic in well} == {"ok"}, topics
        assert " answers in " in topics["postgresql"][1]
        assert "At work on it: 0 (" in topics["members"][1]
        assert told.code == 0

    async def test_what_waits_by_the_names_of_a_preset_that_was_changed_is_told(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        before = {"BROKER_URL": postgres_url, "PRESET": "tenant"}
        async with running(tmp_path, environment=before):
            pass  # it has read there
        bus = PostgresBus(postgres_url)
        sent = [Parcel(f"parcel-{number}", "default", b"") for number in range(3)]
        await bus.publish(Stream("notification.send"), sent)
        await bus.close()

        changed = await doctor(tmp_path, **(before | {"PRESET": "lanes"}))
        same = await doctor(tmp_path, **before)

        told = "3 wait on notification.send, which is read with PRESET=tenant and not with lanes."
        assert told in texts(changed)
        assert told not in texts(same)
        assert "3 wait on notification.send for sendwell-task, and nobody reads it." in texts(same)

    async def test_what_is_to_be_migrated_is_told(self, tmp_path: Path, postgres_url: str) -> None:
        told = await doctor(tmp_path, DB_URL=postgres_url)

        level, text = found(told)["migrations"]
        assert level == "note"
        assert text.startswith("To be applied to the tables of cluster, journal, ")

    async def test_a_promotion_is_told_on_both_sides(
        self, tmp_path: Path, postgres_url: str
    ) -> None:
        await sendwell("migrate", "--data", str(tmp_path))
        way = ("promote", "--from", str(tmp_path), "--to", postgres_url)
        await sendwell(*way, "--ahead")
        half = await doctor(tmp_path, DB_URL=postgres_url)
        await sendwell(*way)

        whole = await doctor(tmp_path, DB_URL=postgres_url)
        left = await doctor(tmp_path)

        assert (half.code, found(half)["promotion"][0]) == (1, "wrong")
        assert "promotion" not in found(whole)
        assert found(whole)["migrations"][0] != "wrong"
        assert found(left)["migrations"][1].startswith("This file was moved to PostgreSQL")
