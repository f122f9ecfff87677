"""Services that ask each other remember the answers, together in Redis, and forget them in time."""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from tests.acceptance.test_services import Installation, Roles, installed, relay
from tests.conformance.smtp_sink import SmtpSink
from tests.services.needs import needs
from tests.services.redis import Redis

pytestmark = [*needs("postgres"), *needs("redis")]
APART: Roles = {
    "users": ["users"],
    "templates": ["templates"],
    "delivery": ["delivery"],
    "gateway": [
        "gateway", "accounts", "orchestrator", "tracker", "receipts", "inbox", "mailbox",
    ],
}  # fmt: skip
AT_ONCE_SECONDS = 1
IN_ANY_CASE_SECONDS = 5
SOON_SECONDS = 60
PEOPLE = 5


class House(NamedTuple):
    services: Installation
    sink: SmtpSink
    redis: Redis

    async def outcome(self, **request: Any) -> str:
        """What becomes of a message by mail."""
        id_ = await self.services.send(channel="email", **request)
        return str((await self.services.settled(id_, "SENT", "SUPPRESSED"))["status"])

    async def allow_mail(self, *, is_allowed: bool) -> None:
        await self.services.put(
            "/users/ada/preferences", channels={"email": {"enabled": is_allowed}}
        )

    async def publish(self, subject: str, *, to: str = "/templates/hello/versions") -> None:
        bodies = {"email": {"en": {"subject": subject, "text": "Hello"}}}
        code = {"code": "hello"} if to == "/templates" else {}
        answer = await self.services.client.post(
            f"/api/v1{to}", json={**code, "bodies": bodies, "publish": True}
        )
        assert answer.is_success, answer.text

    async def subject(self) -> str:
        """Of a mail that is sent now."""
        before = len(self.sink.mails)
        assert await self.outcome(to={"email": "bob@example.org"}, template="hello") == "SENT"
        return self.sink.mails[before].message.decode().partition("Subject: ")[2].split("\r\n")[0]

    async def known_by(self, source: str) -> float:
        """How many answers the service that delivers had from there."""
        async with httpx2.AsyncClient(timeout=30) as client:
            page = (await client.get(f"{self.services.services['delivery'].url}/metrics")).text
        lines = [line for line in page.splitlines() if line.startswith("sendwell_answers_total{")]
        return sum(float(line.split()[-1]) for line in lines if f'source="{source}"' in line)


@pytest.fixture
async def house(
    tmp_path: Path, made_postgres_url: str, redis_server: Redis, redis_url: str
) -> AsyncIterator[House]:
    async with SmtpSink() as sink:
        environment = {
            "BROKER_URL": made_postgres_url,
            "CACHE_URL": redis_url,
            "CHANNEL_ENABLE_LIST": "email",
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with installed(tmp_path, environment, APART) as services:
            yield House(services, sink, redis_server)


async def late(is_so: Callable[[], Awaitable[bool]]) -> float:
    """For how many seconds from now on it is not yet so of what is sent."""
    began = time.monotonic()
    latest = 0.0
    while True:
        sent = time.monotonic() - began
        if await is_so():
            return latest
        latest = sent
        assert latest < 2 * IN_ANY_CASE_SECONDS, "it is never so"


async def test_a_change_is_in_force_at_once_and_without_redis_soon(house: House) -> None:
    await house.services.put("/users/ada", email="ada@example.org")
    await house.publish("First", to="/templates")

    async def is_suppressed() -> bool:
        return await house.outcome(user_id="ada", content="Hello") == "SUPPRESSED"

    async def is_sent() -> bool:
        return not await is_suppressed()

    async def is_second() -> bool:
        return await house.subject() == "Second"

    async def is_third() -> bool:
        return await house.subject() == "Third"

    assert await is_sent()
    assert await house.subject() == "First"
    await house.allow_mail(is_allowed=False)
    assert await late(is_suppressed) < AT_ONCE_SECONDS
    await house.publish("Second")
    assert await late(is_second) < AT_ONCE_SECONDS
    assert await house.known_by("cache") > 0

    house.redis.kill()
    await house.allow_mail(is_allowed=True)
    assert await late(is_sent) < IN_ANY_CASE_SECONDS
    await house.publish("Third")
    assert await late(is_third) < IN_ANY_CASE_SECONDS


async def test_what_becomes_of_redis_stops_no_message_loses_none_and_doubles_none(
    house: House,
) -> None:
    for user in range(PEOPLE):
        await house.services.put(f"/users/user-{user}", email=f"user-{user}@example.org")
    enough = asyncio.Event()

    sending = asyncio.create_task(send_until(enough, house.services))
    await more_goes_out(house.sink)
    assert house.redis.ask("FLUSHALL") == ["+OK"]
    await more_goes_out(house.sink)
    assert house.redis.daemon.pid is not None
    os.kill(house.redis.daemon.pid, signal.SIGSTOP)  # takes connections, and says nothing
    await more_goes_out(house.sink)
    os.kill(house.redis.daemon.pid, signal.SIGCONT)
    await more_goes_out(house.sink)
    house.redis.kill()
    await more_goes_out(house.sink)
    house.redis.start()
    await more_goes_out(house.sink)
    enough.set()
    ids = await sending

    for id_ in ids:
        await house.services.settled(id_, "SENT")
    assert len(house.sink.mails) == len(ids)
    assert {number_in(mail.message) for mail in house.sink.mails} == set(range(len(ids)))
    ledger = await house.services.get("/ledger")
    told = (ledger["accepted"], ledger["sent"], ledger["difference"])
    assert told == (len(ids), len(ids), 0)


async def send_until(enough: asyncio.Event, services: Installation) -> list[str]:
    ids: list[str] = []
    while not enough.is_set():
        number = len(ids)
        user = f"user-{number % PEOPLE}"
        ids.append(await services.send(user_id=user, content=f"number {number}.", channel="email"))
    return ids


async def more_goes_out(sink: SmtpSink) -> None:
    """Wait until as many as there are people have gone out from now on."""
    enough = len(sink.mails) + PEOPLE
    async with asyncio.timeout(SOON_SECONDS):
        while len(sink.mails) < enough:
            await asyncio.sleep(0.01)


def number_in(message: bytes) -> int:
    found = re.search(rb"number (\d+)\.", message)
    assert found is not None
    return int(found[1])
