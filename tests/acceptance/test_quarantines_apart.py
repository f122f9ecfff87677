"""What any of several services could not take is shown by the gateway."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from sendwell.domain.ids import TenantId
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from tests.acceptance.test_services import Installation, Roles, installed
from tests.services.needs import needs

pytestmark = needs("postgres")
APART: Roles = {
    "receipts": ["receipts"],
    "gateway": [
        "gateway", "accounts", "users", "templates", "orchestrator", "delivery", "tracker",
        "inbox", "mailbox",
    ],
}  # fmt: skip
IN_HOUSE = {f"ROUTE_{name}": "mailbox" for name in ("EMAIL", "SMS", "PUSH", "WEBHOOK")}
OWN, ELSEWHERE = "default", "another"
NOW = int(time.time() * 1e6)


def put(services: Installation, service: str, tenant: str, *, at: int, body: str = "x") -> None:
    """A message lies in that service's quarantine."""
    kept = Quarantine(
        stream="replies",
        place=f"{tenant}@{at}",
        reason=Reason.DOUBTFUL_REPLY,
        text=f"At {at}",
        pointer="",
        body=body.encode(),
        headers={"h": "1"},
        at=NOW + at,
        tenant=TenantId(tenant),
    )
    row = (kept.stream, kept.place, tenant, kept.reason.value, kept.text, "", kept.at)
    file = services.services[service].data / "sendwell.db"
    with closing(sqlite3.connect(file, timeout=10)) as database, database:
        database.execute(
            "INSERT INTO quarantine(stream,place,tenant,reason,text,pointer,at,kept)"
            " VALUES(?,?,?,?,?,?,?,?)",
            (*row, msgspec.json.encode(kept)),
        )


def brief(page: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["service"], each["text"]) for each in page["data"]]


async def test_the_gateway_shows_the_quarantines_of_all_services_and_says_which_are_away(
    tmp_path: Path, made_postgres_url: str
) -> None:
    environment = {"BROKER_URL": made_postgres_url, **IN_HOUSE}
    async with installed(tmp_path, environment, APART) as services:
        for at, service in ((1, "gateway"), (2, "receipts"), (3, "gateway"), (4, "receipts")):
            await asyncio.to_thread(put, services, service, OWN, at=at, body=f"{service} {at}")
        await asyncio.to_thread(put, services, "receipts", ELSEWHERE, at=5)

        first = await services.get("/quarantine?limit=3")
        second = await services.get(f"/quarantine?limit=3&cursor={first['next_cursor']}")
        theirs = first["data"][0]
        found = await services.get(f"/quarantine/{theirs['id']}?service=receipts")
        raw = await services.client.get(f"/api/v1/quarantine/{theirs['id']}/raw?service=receipts")
        elsewhere = await services.client.get("/api/v1/quarantine/3?service=receipts")
        nobody = await services.client.get("/api/v1/quarantine/1?service=nobody")
        await services.services["receipts"].kill()
        without = await services.get("/quarantine")
        await services.services["receipts"].start()

        assert brief(first) == [("receipts", "At 4"), ("gateway", "At 3"), ("receipts", "At 2")]
        assert (brief(second), second["next_cursor"]) == ([("gateway", "At 1")], None)
        assert (first["incomplete"], found["headers"], raw.text) == ([], {"h": "1"}, "receipts 4")
        assert [elsewhere.status_code, nobody.status_code] == [404, 404]
        assert brief(without) == [("gateway", "At 3"), ("gateway", "At 1")]
        assert without["incomplete"] == ["receipts"]
        await services.services["receipts"].is_ready(services.client)
