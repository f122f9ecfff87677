"""`sendwell run`: what it refuses to begin with, and a role with a database of its own kind."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.product import ROOT, Product, running
from tests.services.mariadb import MariaDb
from tests.services.needs import needs
from tests.services.ports import free_ports


@pytest.mark.parametrize(
    ("arguments", "environment", "advice"),
    [
        (["nobody"], {}, "There is no role 'nobody'"),
        (["all"], {}, "leave it out of CHANNEL_ENABLE_LIST"),
        (["all", "--channel", "email"], {}, "--channel"),
        (["delivery", "--channel", "pigeon"], {"BROKER_URL": "amqp://127.0.0.1:1/"}, "pigeon"),
        (
            ["delivery", "--channel", "email"],
            {"PRESET": "tenant", "BROKER_URL": "kafka://127.0.0.1:1"},
            "leave out --channel",
        ),
        (["tracker"], {"ACCOUNTS_URL": "http://127.0.0.1:1"}, "BROKER_URL"),
        (
            ["tracker", "receipts"],
            {"TRACKER_DB_URL": "sqlite:///tracker.db", "RECEIPTS_DB_URL": "sqlite:///receipts.db"},
            "run them one by one",
        ),
        (["all", "--host", "0.0.0.0"], {}, "SECRET_KEY"),  # noqa: S104 - it refuses
        (
            ["users", "--host", "0.0.0.0"],  # noqa: S104
            {"SECRET_KEY": "x" * 40, "BROKER_URL": "amqp://127.0.0.1:1/"},
            "SERVICE_TOKEN",
        ),
        (["all"], {"ACCOUNTS_DB_URL": "mysql://u:p@127.0.0.1:1/db"}, "sendwell run accounts"),
    ],
)
async def test_what_cannot_work_is_refused_with_advice(
    arguments: list[str], environment: dict[str, str], advice: str, tmp_path: Path
) -> None:
    data = ["--port", "0", "--data", str(tmp_path)]

    result = await sendwell("run", *arguments, *data, environment=environment)

    assert advice in result.errors
    assert "Traceback" not in result.errors
    assert result.code != 0


async def test_a_channel_that_work_waits_for_cannot_be_left_out(tmp_path: Path) -> None:
    later = {"to": {"phone": "+436641234567"}, "send_at": "2099-01-01T00:00:00Z"}
    async with running(tmp_path) as product:
        answer = await product.send(**later, channel="sms", content="Hello")
        await product.settled(answer.json()["id"], "SCHEDULED", "HELD", "PENDING")

    result = await sendwell(
        "up", "--port", "0", "--data", str(tmp_path), environment={"CHANNEL_ENABLE_LIST": "email"}
    )

    assert "Nobody delivers by sms in this process." in result.errors
    assert "Traceback" not in result.errors
    assert result.code == 1


@pytest.mark.parametrize("server", [pytest.param("mariadb_server", marks=needs("mariadb"))])
async def test_people_may_be_kept_in_mariadb(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    mariadb: MariaDb = request.getfixturevalue(server)
    with mariadb.database() as url:
        environment = {"USERS_DB_URL": url}
        async with running(tmp_path / "one", "--no-sample", environment=environment) as product:
            await prefers_push(product)

            answer = await product.send(user_id="ada", content="Hello")

            found = await product.settled(answer.json()["id"], "SENT", "DELIVERED")
            assert [each["channel"] for each in found["deliveries"]] == ["push"]
        async with running(tmp_path / "two", "--no-sample", environment=environment) as another:
            assert (await another.get("/users/ada"))["email"] == "ada@example.org"


async def prefers_push(product: Product) -> None:
    person = {"email": "ada@example.org"}
    assert (await product.client.put("/api/v1/users/ada", json=person)).is_success
    token = {"token": "token-of-ada", "platform": "web"}
    assert (await product.client.post("/api/v1/users/ada/tokens", json=token)).is_success
    order = {"order": ["push", "email"]}
    assert (await product.client.put("/api/v1/users/ada/preferences", json=order)).is_success


async def test_who_waits_for_another_service_can_be_stopped(tmp_path: Path) -> None:
    environment = {
        "BROKER_URL": "amqp://127.0.0.1:1/",
        "ACCOUNTS_URL": "http://127.0.0.1:1",
        "PATH": os.environ["PATH"],
    }
    command = ["run", "tracker", "--port", "0", "--data", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sendwell", *command,
        env=environment, cwd=ROOT, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"peer.unavailable" not in await process.stderr.readline():
            pass

        process.send_signal(signal.SIGHUP)  # to reload what it has not got yet ends nobody
        process.send_signal(signal.SIGTERM)

        await process.communicate()
    assert process.returncode == 0


async def test_metrics_may_have_a_port_of_their_own(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    environment = {"METRICS_PORT": str(port)}
    async with running(tmp_path, environment=environment) as product:
        there = await product.client.get(f"http://127.0.0.1:{port}/metrics")
        here = await product.client.get("/metrics")

    assert (200, 404) == (there.status_code, here.status_code)
    assert "sendwell_notifications_accepted_total" in there.text
