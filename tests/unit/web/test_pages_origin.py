"""Behind a proxy that speaks TLS, nothing leads a browser, or a key, to plain HTTP."""

import re

import httpx2
import pytest
from fastapi import APIRouter, FastAPI

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.system import SystemClock
from sendwell.runtime.server.app import build_app
from sendwell.runtime.server.callers import Callers
from sendwell.web.openapi.curl import BASE
from sendwell.web.pages import Pages
from sendwell.web.reference import Made, Reference
from tests.roles.calling import NoKeys

WITHIN = "http://notify.example.org"
"""As the proxy asks us: the name is kept, the scheme is not."""
LEDGER: dict[str, object] = {
    "accepted": 0, "pending": 0, "sent": 0, "delivered": 0, "failed": 0, "suppressed": 0,
    "cancelled": 0, "expired": 0, "difference": 0, "adds_up": True,
}  # fmt: skip


def the_api() -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["notifications"])

    @router.get("/ledger")
    async def ledger() -> dict[str, object]:
        return LEDGER

    @router.get("/notifications")
    async def notifications(limit: int = 8) -> dict[str, object]:
        return {"data": [], "next_cursor": None, "limit": limit}

    return router


def a_short_reference(_: Reference) -> Made:
    return Made({"info": {"description": "Words."}}, [], f"curl {BASE}/api/v1/notifications")


def the_pages(public_url: str | None) -> FastAPI:
    app = build_app(Callers(NoKeys()), [], [], above_tenants=[the_api()])
    Pages(
        app, secret=None, clock=SystemClock(), limiter=MemoryLimiter(), public_url=public_url
    ).mount()
    return app


def a_browser(public_url: str | None) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(the_pages(public_url))
    return httpx2.AsyncClient(transport=transport, base_url=WITHIN)


@pytest.mark.parametrize("path", ["/", "/docs"])
@pytest.mark.parametrize(
    ("public_url", "shown"),
    [("https://notify.example.org/", "https://notify.example.org"), (None, WITHIN)],
    ids=["told", "not told"],
)
async def test_calls_to_copy_go_where_people_reach_us(
    path: str, public_url: str | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reference, "_make", a_short_reference)
    async with a_browser(public_url) as browser:
        page = (await browser.get(path)).text

    found = set(re.findall(r"https?://notify\.example\.org(?=/api/)", page))
    assert found == {shown}


@pytest.mark.parametrize("path", ["/mailbox/", "/docs/", "/api/v1/ledger/"])
async def test_nobody_is_sent_on_to_plain_http(path: str) -> None:
    async with a_browser("https://notify.example.org") as browser:
        answer = await browser.get(path)

    assert answer.status_code == 404
    assert "location" not in answer.headers
