"""A page of a list may have nothing on it and more behind it: what is sought is rare."""

import httpx2
import pytest
from fastapi import FastAPI

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.system import SystemClock
from sendwell.web.pages import Pages


async def page_of(next_cursor: str | None) -> str:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/v1/notifications")
    async def found() -> dict[str, object]:
        return {"data": [], "next_cursor": next_cursor}

    Pages(app, secret=None, clock=SystemClock(), limiter=MemoryLimiter()).mount()
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        return (await browser.get("/notifications?channel=sms")).text


@pytest.mark.parametrize("next_cursor", ["djE6OQ", None])
async def test_an_empty_page_says_whether_older_ones_may_match(next_cursor: str | None) -> None:
    page = await page_of(next_cursor)

    onward = '<a href="/notifications?channel=sms&amp;cursor=djE6OQ">Look among older ones</a>'
    assert (onward in page) is (next_cursor is not None)
    assert ("Nothing matches." in page) is (next_cursor is None)
