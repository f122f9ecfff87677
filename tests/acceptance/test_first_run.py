"""The first minute: one command, a message to look at, a curl that works, refusals that help."""

import asyncio
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.command import sendwell
from tests.acceptance.product import Product, running, webhooks

LANES_REQUEST = {
    "user_id": "user-001",
    "event_type": "security_alert",
    "content": "Suspicious login attempt detected from a new device",
    "metadata": {
        "device": "Unknown iPhone",
        "location": "Somewhere in the world",
        "ip_address": "203.0.113.42",
        "timestamp": 1_700_000_000,
    },
}


async def test_a_first_message_is_in_the_mailbox_when_it_says_ready(tmp_path: Path) -> None:
    async with running(tmp_path, anew=True) as product:
        found = await product.get("/mailbox/messages")

    assert product.printed[0].startswith("READY http://127.0.0.1:")
    assert any(message["event_type"] == "welcome" for message in found["data"])


async def test_the_curl_of_preset_lanes_works_without_a_key(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        url = f"http://localhost:{product.url.rpartition(':')[2]}/api/v1/notifications"
        async with httpx2.AsyncClient(timeout=30) as stranger:
            answer = await stranger.post(url, json=LANES_REQUEST)

        found = await product.settled(answer.json()["id"], "SENT")

    assert answer.status_code == 202
    assert (found["priority"], found["deliveries"][0]["provider"]) == ("high", "mailbox")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Host": "evil.example"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_without_a_key_nobody_else_is_let_in(headers: dict[str, str], tmp_path: Path) -> None:
    async with running(tmp_path) as product, httpx2.AsyncClient(timeout=30) as stranger:
        answer = await stranger.post(
            f"{product.url}/api/v1/notifications",
            content=b'{"user_id": "user-001", "content": "x"}',
            headers={"Content-Type": "application/json", **headers},
        )

    assert answer.status_code == 403


async def test_the_sample_stays_in_the_house_even_with_credentials(tmp_path: Path) -> None:
    relay = '{"host": "127.0.0.1", "port": 1, "tls": "none", "from": "a@example.org"}'
    async with running(tmp_path, environment={"PROVIDER_CREDENTIALS_SMTP": relay}) as product:
        answer = await product.send(to={"email": "someone@example.org"}, content="x")

        found = await product.settled(answer.json()["id"], "SENT")

    assert found["deliveries"][0]["provider"] == "mailbox"


@pytest.mark.parametrize(
    ("options", "environment", "advice"),
    [
        (["--host", "0.0.0.0"], {}, "--no-sample"),  # noqa: S104 - it refuses
        (["--host", "0.0.0.0", "--no-sample"], {}, "SECRET_KEY"),  # noqa: S104
        (
            ["--host", "0.0.0.0", "--no-sample"],  # noqa: S104
            {"ANONYMOUS_TENANT": "default", "SECRET_KEY": "x" * 40},
            "ANONYMOUS_TENANT",
        ),
        (["--no-sample"], {"RATE_LIMIT_GLOBAL": "many"}, "RATE_LIMIT_GLOBAL"),
        (["--no-sample"], {"PROVIDER_CREDENTIALS_SMTP": "{}"}, "PROVIDER_CREDENTIALS_SMTP"),
        (["--no-sample"], {"ROUTE_EMAIL": "sendgrid"}, "PROVIDER_CREDENTIALS_SENDGRID"),
        (["--no-sample"], {"CHANNEL_ENABLE_LIST": "email,pigeon"}, "pigeon"),
    ],
)
async def test_what_is_set_wrong_is_refused_with_advice(
    options: list[str], environment: dict[str, str], advice: str, tmp_path: Path
) -> None:
    product = Product(tmp_path, *options, environment=environment)

    with pytest.raises(AssertionError, match="did not start"):
        await product.start()

    said = product.errors.decode()
    assert advice in said
    assert "Traceback" not in said
    assert product.process.returncode != 0


def no_database(file: Path) -> None:
    file.write_text("I am a letter. " * 1_000)


@pytest.mark.parametrize(
    ("spoil", "advice"), [(no_database, "restore a backup"), (Path.mkdir, "allowed to write")]
)
async def test_a_file_that_is_no_database_is_told_in_a_sentence(
    spoil: Callable[[Path], None], advice: str, tmp_path: Path
) -> None:
    spoil(tmp_path / "sendwell.db")

    refused = await sendwell("up", "--port", "0", "--data", str(tmp_path))

    assert refused.code == 1
    (line,) = refused.errors.splitlines()
    assert f"{tmp_path / 'sendwell.db'}" in line
    assert advice in line


async def test_who_cannot_listen_for_metrics_has_not_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        refused = await sendwell(
            "up", "--port", "0", "--data", str(tmp_path),
            environment={"METRICS_PORT": str(port)},
        )  # fmt: skip

    assert refused.code == 1
    assert "METRICS_PORT" in refused.errors
    assert not (tmp_path / "sendwell.db").exists()


async def test_its_own_key_is_kept_readable_by_nobody_else(tmp_path: Path) -> None:
    async with running(tmp_path, "--no-sample") as product:
        first = product.key
    async with running(tmp_path, "--no-sample") as again:
        second = again.key

    assert first == second
    assert re.fullmatch(r"sw_[0-9A-Za-z]+_[0-9A-Za-z]+", first)
    assert (tmp_path / "api-key").stat().st_mode & 0o777 == 0o600
    assert first.encode() not in (tmp_path / "sendwell.db").read_bytes()


async def test_a_second_one_on_the_same_file_is_refused_until_the_first_has_ended(
    tmp_path: Path,
) -> None:
    product = await Product(tmp_path).start()

    refused = await sendwell("up", "--port", "0", "--data", str(tmp_path))
    health = (await product.client.get("/health")).json()
    await product.kill()
    await product.start()
    await product.stop()

    assert refused.code == 1
    assert f"Another process has {tmp_path / 'sendwell.db'}" in refused.errors
    assert health["status"] == "ok"


async def test_ctrl_c_ends_it_with_0(tmp_path: Path) -> None:
    product = await Product(tmp_path).start()

    product.process.send_signal(signal.SIGINT)
    began = time.monotonic()

    assert await product.gone() == 0
    assert time.monotonic() - began < 30


async def test_a_second_ctrl_c_does_not_wait_for_what_is_in_flight(tmp_path: Path) -> None:
    is_asked = asyncio.Event()

    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_asked.set()
        while await reader.read(1_000):
            pass
        writer.close()

    secret = "whsec_" + "c2VjcmV0IG9mIGEgdGVzdCB0aGF0IGlzIGxvbmc="
    async with await asyncio.start_server(never_answer, "127.0.0.1", 0) as endpoint:
        url = f"http://127.0.0.1:{endpoint.sockets[0].getsockname()[1]}/"
        environment = webhooks({"secrets": [secret]})
        product = await Product(tmp_path, "--no-sample", environment=environment).start()
        await product.send(to={"url": url}, content="x")
        async with asyncio.timeout(30):
            await is_asked.wait()

            product.process.send_signal(signal.SIGINT)
            while b"Stopping" not in product.errors:
                await asyncio.sleep(0.02)
        product.process.send_signal(signal.SIGINT)

        assert await product.gone() == 130


async def test_health_tells_the_truth(tmp_path: Path) -> None:
    async with running(tmp_path) as product:
        paths = ("/livez", "/readyz", "/health", "/metrics")
        answers = [await product.client.get(path) for path in paths]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    assert answers[1].json() == {"status": "ok", "stopped": []}
    assert "sendwell_notifications_accepted_total" in answers[3].text


async def test_without_the_sample_neither_its_key_nor_one_made_with_it_is_good(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as product:
        made = (await product.client.post("/api/v1/api-keys", json={"name": "app"})).json()
        public = product.key

    async with running(tmp_path, "--no-sample") as product:
        keys = [public, made["key"], product.key]
        answers = [
            await product.client.get(
                "/api/v1/notifications", headers={"Authorization": f"Bearer {key}"}
            )
            for key in keys
        ]

    assert [401, 401, 200] == [answer.status_code for answer in answers]
    assert "api-key" in answers[0].json()["detail"]


async def test_where_the_sample_is_back_its_key_is_good_again(tmp_path: Path) -> None:
    for options in ((), ("--no-sample",)):
        async with running(tmp_path, *options):
            pass

    async with running(tmp_path) as product:
        found = await product.get("/notifications")

    assert found["data"]
