"""Two processes on one PostgreSQL: what one changes, the other obeys at once.

Each remembers people and templates for five seconds. So where no signal is heard, these tests fail
on any machine that needs less time than that for them.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.product import Product, running
from tests.services.needs import needs

pytestmark = needs("postgres")
SOON_SECONDS = 4
"""Then what is remembered would be read again anyway."""
NO_MAIL = {"channels": {"email": {"enabled": False}}}


@pytest.fixture
async def processes(
    tmp_path: Path, made_postgres_url: str
) -> AsyncIterator[tuple[Product, Product]]:
    environment = {"DB_URL": made_postgres_url}
    async with (
        running(tmp_path, "--no-sample", environment=environment) as one,
        running(tmp_path, "--no-sample", environment=environment) as other,
    ):
        yield one, other


async def accepted(product: Product, **request: Any) -> str:
    answer = await product.send(channels=["email"], **request)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def outcome(product: Product, id_: str) -> str:
    return str((await product.settled(id_, "SENT", "SUPPRESSED"))["status"])


async def test_an_opt_out_holds_for_what_waits_in_another_process(
    processes: tuple[Product, Product],
) -> None:
    one, other = processes
    await one.client.put("/api/v1/users/ada", json={"email": "ada@example.com"})
    before = await accepted(other, user_id="ada", content="Now the other process knows her.")
    assert await outcome(other, before) == "SENT"
    soon = datetime.fromtimestamp(time.time() + 3, UTC).isoformat()
    waiting = await accepted(other, user_id="ada", content="Soon", send_at=soon)

    answer = await one.client.put("/api/v1/users/ada/preferences", json=NO_MAIL)

    assert answer.is_success, answer.text
    assert await outcome(other, waiting) == "SUPPRESSED"


async def test_a_template_published_in_one_process_is_sent_by_another(
    processes: tuple[Product, Product],
) -> None:
    one, other = processes
    await one.client.post("/api/v1/templates", json={"code": "hello", **saying("First")})
    assert await subject_sent(other) == "First"

    answer = await one.client.post("/api/v1/templates/hello/versions", json=saying("Second"))

    assert answer.is_success, answer.text
    async with asyncio.timeout(SOON_SECONDS):
        while await subject_sent(other) != "Second":
            pass  # the answer may be here before the signal is there


def saying(subject: str) -> dict[str, Any]:
    return {"bodies": {"email": {"en": {"subject": subject, "text": "Hello"}}}, "publish": True}


async def subject_sent(product: Product) -> str:
    id_ = await accepted(product, to={"email": "ada@example.com"}, template="hello")
    assert await outcome(product, id_) == "SENT"
    found = await product.get("/mailbox/messages", notification=id_)
    return str(found["data"][0]["content"]["subject"])
