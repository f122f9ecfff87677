"""A person is erased where each service has a database of its own, one of them away for a while."""

import asyncio
import json
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.acceptance.dump import tables_with
from tests.acceptance.test_erasure import ADA, HERE, MARK, PERSON
from tests.acceptance.test_services import Installation, installed, relay
from tests.conformance.smtp_sink import SmtpSink
from tests.services.needs import needs

pytestmark = [*needs("postgres"), *needs("redis")]
SERVICES = {
    "gateway": [
        "gateway", "orchestrator", "accounts", "receipts", "tracker", "templates", "inbox",
        "mailbox",
    ],
    "users": ["users"],
    "sending": ["delivery"],
}  # fmt: skip


def left(installation: Installation) -> dict[str, set[str]]:
    """The tables that have the mark, by service."""
    found = {
        name: tables_with(service.data / "sendwell.db", MARK)
        for name, service in installation.services.items()
    }
    return {name: tables for name, tables in found.items() if tables}


async def remembered(redis_url: str) -> list[bytes | str]:
    """What the services remember together of whoever has the mark, whatever it is called."""
    async with Redis.from_url(redis_url) as redis:
        values = [await redis.get(key) or b"" for key in await redis.keys("sendwell:cache:*")]
    return [value for value in values if MARK.lower() in str(value).lower()]


async def erasure(installation: Installation, location: str, waits_for: str | None = None) -> Any:
    """Once it is done, or once nobody but that one is waited for."""
    async with asyncio.timeout(90):
        while True:
            found = (await installation.client.get(location)).json()
            open_ones = [each["keeper"] for each in found["keepers"] if not each["is_done"]]
            if found["is_done"] or (waits_for and open_ones == [waits_for]):
                return found
            await asyncio.sleep(0.1)


async def test_every_service_lets_go_of_an_erased_person_also_one_that_was_away(
    tmp_path: Path, made_postgres_url: str, redis_url: str
) -> None:
    async with SmtpSink() as sink:
        environment = {
            "BROKER_URL": made_postgres_url,
            "CACHE_URL": redis_url,
            "CHANNEL_ENABLE_LIST": "email,in_app",
            "PROVIDER_CREDENTIALS_SMTP": json.dumps(relay(sink)),
        }
        async with installed(tmp_path, environment, SERVICES) as installation:
            await installation.put(f"/users/{ADA}", **PERSON)
            words = {"content": "Zanzibar", "data": {"name": "Zanzibar"}}
            mailed = await installation.send(user_id=ADA, channel="email", **words)
            stored = await installation.send(user_id=ADA, channel="in_app", **words)
            await installation.settled(mailed, "SENT")
            await installation.settled(stored, "DELIVERED")
            exported = await installation.get(f"/users/{ADA}/export")
            before = left(installation)

            sending = installation.services["sending"]
            await sending.stop()
            begun = await installation.client.post(f"{HERE}/erasure")
            location = begun.headers["location"]
            still_remembered = await remembered(redis_url)
            halfway = await erasure(installation, location, waits_for="delivery")
            kept = left(installation)
            await sending.start()
            await sending.is_ready(installation.client)
            report = await erasure(installation, location)
            after = left(installation)

            late = await installation.send(user_id=ADA, channel="email", **words)
            suppressed = await installation.settled(late, "SUPPRESSED")
            async with asyncio.timeout(30):
                while left(installation):
                    await asyncio.sleep(0.1)
            ledger = await installation.get("/ledger")
            mails = len(sink.mails)
    assert {"users", "gateway", "sending"} == set(before)
    assert {"notification", "profile", "inbox_message"} <= {i["kind"] for i in exported["items"]}
    assert exported["missing"] == []
    assert not halfway["is_done"]
    assert set(kept) <= {"users", "sending"}  # the users role still knows whom to look for
    assert still_remembered == []
    assert report["is_done"]
    assert after == {}
    assert suppressed["deliveries"][0]["rule"] == "erased"
    assert (mails, ledger["difference"]) == (1, 0)
