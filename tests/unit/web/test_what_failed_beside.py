"""Where one success was enough, the page of a notification does not ask to send again."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.system import SystemClock
from sendwell.web.pages import Pages

_AT = "2026-11-23T06:00:00.000Z"


def delivery(channel: str, status: str) -> dict[str, Any]:
    named = {"id": f"0.{channel}", "channel": channel, "status": status}
    return {**named, "provider": None, "attempts": 1, "error": None, "rule": None, "due_at": None}


async def page_of(status: str, *deliveries: dict[str, Any]) -> str:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/v1/notifications/n")
    async def notification() -> dict[str, Any]:
        return {
            "id": "n", "status": status, "event_type": "lost", "priority": "medium",
            "category": "default", "created_at": _AT, "correlation_id": "n",
            "user_id": "user-001", "deliveries": deliveries,
        }  # fmt: skip

    @app.get("/api/v1/notifications/n/timeline")
    async def timeline() -> dict[str, Any]:
        return {"events": []}

    Pages(app, secret=None, clock=SystemClock(), limiter=MemoryLimiter()).mount()
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        return (await browser.get("/notifications/n")).text


@pytest.mark.parametrize(
    ("status", "beside", "is_offered"),
    [("SENT", "SENT", False), ("DELIVERED", "DELIVERED", False), ("DEAD", "SENT", True)],
)
async def test_dead_letters_are_pointed_to_where_somebody_was_not_reached(
    status: str, beside: str, *, is_offered: bool
) -> None:
    page = await page_of(status, delivery("email", "DEAD"), delivery("sms", beside))

    assert "0.email" in page
    assert is_offered is ("can be sent again from the" in page)
