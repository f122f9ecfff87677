"""The page of a notification to very many shows some of its deliveries, and says so."""

import httpx2
from fastapi import FastAPI

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.system import SystemClock
from sendwell.web.pages import Pages

AT = "2026-11-22T10:00:00.000Z"
NOTIFICATION: dict[str, object] = {
    "id": "n-1", "status": "SENT", "event_type": "news", "priority": "low", "category": "default",
    "topic": None, "channels": ["sms"], "user_id": None, "template": None,
    "correlation_id": "n-1", "metadata": {}, "created_at": AT, "expires_at": None, "send_at": None,
}  # fmt: skip
DELIVERY: dict[str, object] = {
    "channel": "sms", "status": "SENT", "provider": "twilio", "attempts": 1, "error": None,
    "rule": None, "due_at": None,
}  # fmt: skip
EVENT = {"at": AT, "event": "SENT", "text": "It was sent.", "channel": "sms"}


def an_app(deliveries: int) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    of_each = [{"id": f"{number}.sms", **DELIVERY} for number in range(deliveries)]

    @app.get("/api/v1/notifications/n-1")
    async def one() -> dict[str, object]:
        return {**NOTIFICATION, "recipients": deliveries, "deliveries": of_each}

    @app.get("/api/v1/notifications/n-1/timeline")
    async def timeline() -> dict[str, object]:
        told = [{**EVENT, "delivery": each["id"]} for each in of_each]
        return {"id": "n-1", "events": [each for each in told for _ in range(3)]}

    Pages(app, secret=None, clock=SystemClock(), limiter=MemoryLimiter()).mount()
    return app


async def page_of(deliveries: int) -> str:
    transport = httpx2.ASGITransport(an_app(deliveries))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        return (await browser.get("/notifications/n-1")).text


async def test_of_a_thousand_deliveries_some_are_shown_and_it_is_said_where_all_are() -> None:
    page = await page_of(1000)

    assert page.count('<th scope="row">') == 200
    assert page.count("<li class=") == 400
    assert "And 800 more: <code>GET /api/v1/notifications/n-1</code> has them all." in page
    assert "And 2600 more: <code>GET /api/v1/notifications/n-1/timeline</code>" in page
    assert "data-live" not in page


async def test_of_a_few_all_are_shown_and_kept_fresh() -> None:
    page = await page_of(2)

    assert page.count('<th scope="row">') == 2
    assert " more: " not in page
    assert "data-live" in page
