"""What people see when the API behind a page fails."""

import httpx2
from fastapi import FastAPI

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import Unavailable
from sendwell.web.pages import Pages

PERSON = {"Accept": "text/html"}


def an_app() -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/v1/ledger")
    async def ledger() -> None:
        raise RuntimeError("a defect")

    @app.get("/api/v1/dead-letters")
    async def dead_letters() -> None:
        raise Unavailable("The database is being looked after.")

    Pages(app, secret=None, clock=SystemClock(), limiter=MemoryLimiter()).mount()
    return app


def a_browser() -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(an_app(), raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=PERSON)


async def test_a_defect_of_the_api_is_a_page_without_our_insides() -> None:
    async with a_browser() as browser:
        answer = await browser.get("/")

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "a defect" not in answer.text


async def test_an_error_of_the_api_is_told_in_its_own_words() -> None:
    async with a_browser() as browser:
        answer = await browser.get("/dead-letters")

    assert answer.status_code == 503
    assert "The database is being looked after." in answer.text
    assert answer.headers["retry-after"] == "1"


async def test_static_files_are_kept_for_good_under_a_name_of_their_content() -> None:
    async with a_browser() as browser:
        page = (await browser.get("/login")).text
        (sheet,) = [each for each in page.split('"') if each.startswith("/static/sendwell.css")]
        answer = await browser.get(sheet)
        missing = await browser.get("/static/../pages.py")

    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert missing.status_code == 404
