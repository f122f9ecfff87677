"""What a person changes holds within 5 s wherever something is held for them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.acceptance.product import Product, running

SOON_SECONDS = 5
NEVER: list[dict[str, str]] = []
NEARLY_ALWAYS = [{"from": "00:00", "to": "23:59"}]
"""In a zone of their own, so that the minute that is left is not now."""
ADA = {"email": "ada@example.org"}


def hours(windows: list[dict[str, str]]) -> dict[str, Any]:
    """Preferences with these quiet hours, in a zone where it is not just before midnight."""
    zone = "Etc/UTC" if time.gmtime().tm_hour < 12 else "Etc/GMT+12"
    return {"quiet_hours": {"windows": windows, "timezone": zone}}


async def choose(product: Product, windows: list[dict[str, str]], user: str = "ada") -> None:
    answer = await product.client.put(f"/api/v1/users/{user}", json=ADA)
    assert answer.is_success, answer.text
    answer = await product.client.put(f"/api/v1/users/{user}/preferences", json=hours(windows))
    assert answer.is_success, answer.text


async def held(product: Product, **request: Any) -> str:
    """A notification that is held."""
    answer = await product.send(content="Hello", channels=["email"], **request)
    assert answer.status_code == 202, answer.text
    id_ = str(answer.json()["id"])
    await product.settled(id_, "HELD")
    return id_


async def sent_at(get: Callable[[str], Awaitable[Any]], id_: str) -> float:
    """When it was sent, by its timeline: in seconds since 1970."""
    events = (await get(f"/notifications/{id_}/timeline"))["events"]
    (at,) = [each["at"] for each in events if each["event"] == "SENT"]
    return datetime.fromisoformat(at).timestamp()


async def timeline(get: Callable[[str], Awaitable[Any]], id_: str) -> list[tuple[str, str]]:
    """What the timeline tells of what became of the plan."""
    found = await get(f"/notifications/{id_}/timeline")
    told = [(each["event"], each["text"]) for each in found["events"]]
    return [each for each in told if each[0] not in {"CREATED", "PLANNED"}]


GOES = [
    ("HELD", "It is held."),
    ("HELD", "The person has changed, so the rules are asked again."),
    ("SEND_ATTEMPT", "Attempt 1 by mailbox began."),
    ("SENT", "The provider has taken it."),
]


async def test_who_lifts_their_quiet_hours_gets_what_they_held(tmp_path: Path) -> None:
    async with running(tmp_path, "--no-sample") as product:
        await choose(product, NEARLY_ALWAYS)
        await choose(product, NEARLY_ALWAYS, user="bob")
        alone = await held(product, user_id="ada")
        among = await held(product, to=[{"user_id": "bob"}, {"user_id": "ada"}])
        bobs = await held(product, user_id="bob")

        await choose(product, NEVER)

        await product.settled(alone, "SENT", seconds=SOON_SECONDS)
        assert await timeline(product.get, alone) == GOES
        await sent(product, among, SOON_SECONDS)
        assert (await product.get(f"/notifications/{bobs}"))["status"] == "HELD"


async def sent(product: Product, id_: str, seconds: float) -> None:
    """Wait until a delivery of it is sent, and find another one held."""
    async with asyncio.timeout(seconds):
        while True:
            found = await product.get(f"/notifications/{id_}")
            if {each["status"] for each in found["deliveries"]} == {"HELD", "SENT"}:
                return
            await asyncio.sleep(0.05)
