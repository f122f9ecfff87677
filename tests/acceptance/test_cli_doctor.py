"""`sendwell doctor` and `sendwell bench`, as people run them."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from sendwell.cli.client import Client
from sendwell.cli.diagnosis.server import look_at_server
from tests.acceptance.command import Result, answering, sendwell
from tests.acceptance.product import ROOT, Product, running

# The doctor


async def doctor(data: Path, at: Product | str, **environment: str) -> Result:
    return await sendwell("doctor", "--data", str(data), "--json", at=at, environment=environment)


def levels(result: Result) -> dict[str, str]:
    return {each["topic"]: each["level"] for each in result.json["findings"]}


async def test_the_doctor_finds_a_running_product_well(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        told = await doctor(tmp_path, product)

    found = levels(told)
    assert (told.code, told.json["ok"]) == (0, True)
    well = ("python", "sqlite", "packages", "disk", "database", "wal", "migrations", "server")
    assert {found[topic] for topic in well} == {"ok"}


@pytest.mark.parametrize(
    ("stopped", "advice"),
    [("database", "Do not restart it"), ("sweep", "else restart it")],
)
def test_the_doctor_has_restarted_what_a_restart_helps(stopped: str, advice: str) -> None:
    unready = {"status": "not ready", "stopped": [stopped]}
    with answering(503, unready) as url:
        found = look_at_server(Client(url, None, seconds=30))

    assert found.text == f"Sendwell answers at {url}, but is not ready: {stopped}."
    assert advice in (found.advice or "")


async def test_the_doctor_finds_a_damaged_database(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        url = product.url
    file = tmp_path / "sendwell.db"
    content = bytearray(file.read_bytes())
    content[8_192:12_288] = b"\xff" * 4_096
    file.write_bytes(content)

    told = await doctor(tmp_path, url)

    assert told.code == 1
    assert levels(told)["database"] == "wrong"


async def test_the_doctor_finds_wrong_settings_and_prints_no_secret(tmp_path: Path) -> None:
    twilio = {"account_sid": f"AC{'0' * 32}", "auth_token": "hush-hush", "from": "+14155550100"}

    refused = await doctor(tmp_path, "http://127.0.0.1:9", RETRY_MAX_ATTEMPTS="many")
    told = await doctor(
        tmp_path,
        "http://127.0.0.1:9",
        SECRET_KEY="hush-hush" * 4,
        PROVIDER_CREDENTIALS_TWILIO=json.dumps(twilio),
        PROVIDER_CREDENTIALS_SENDGRID='{"api_key": "hush-hush"}',
        ROUTE_PUSH="fcm",
        ROUTE_EMIAL="smtp",
    )

    assert (refused.code, levels(refused)["configuration"]) == (1, "wrong")
    found = levels(told)
    assert told.code == 1
    assert "hush-hush" not in told.out + told.errors
    assert (found["channel sms"], found["channel push"]) == ("ok", "wrong")
    assert (found["provider sendgrid"], found["channels"]) == ("wrong", "note")
    assert told.json["configuration"]["PROVIDER_CREDENTIALS_TWILIO"] == "(set)"


async def test_the_doctor_tells_a_free_port_from_a_taken_one(tmp_path: Path) -> None:
    with answering(200, {"hello": "world"}) as url:
        taken = await doctor(tmp_path, url)
    free = await doctor(tmp_path, url)

    assert (taken.code, levels(taken)["server"]) == (1, "wrong")
    assert (free.code, levels(free)["server"]) == (0, "ok")


# Benchmarks


async def test_bench_lists_the_benchmarks_of_the_repository() -> None:
    told = await sendwell("bench", "--list")

    assert told.code == 0
    assert "intake" in told.out


async def test_bench_says_where_to_find_them_when_they_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "sendwell").symlink_to(ROOT / "sendwell")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sendwell", "bench", cwd=tmp_path, stderr=asyncio.subprocess.PIPE
    )

    _, errors = await process.communicate()

    assert process.returncode == 1
    assert "./dev bench" in errors.decode()
