"""Wrong keys slow down who tries them, and nobody else."""

import re
from typing import Annotated

import httpx2
import pytest
from fastapi import FastAPI, Header

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.domain.errors import Denied
from sendwell.web.pages import Pages
from tests.roles.patient_clock import PatientClock

RIGHT, WRONG = "sw_right", "sw_wrong"
HERE, ELSEWHERE = "192.0.2.7", "203.0.113.9"
NEIGHBOURS = [f"2001:db8:1:2::{number:x}" for number in range(1, 61)]
BURST = 10
TOKEN = re.compile(r'name="token" value="(?P<token>[0-9a-f]{64})"')


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/v1/ledger")
    async def ledger(authorization: Annotated[str, Header()]) -> None:
        if authorization != f"Bearer {RIGHT}":
            raise Denied("This is no key.", is_unknown=True)

    clock = PatientClock()
    clock.stand_still()
    Pages(app, secret=None, clock=clock, limiter=MemoryLimiter()).mount()
    return app


async def sign_in(app: FastAPI, key: str, *, at: str) -> int:
    """The status of a try from this address, by a browser without a session."""
    transport = httpx2.ASGITransport(app, client=(at, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
        found = TOKEN.search((await browser.get("/login")).text)
        assert found is not None
        form = {"token": found["token"], "key": key, "next": "/"}
        return (await browser.post("/login", data=form)).status_code


async def test_wrong_keys_from_one_place_are_slowed_and_others_sign_in(app: FastAPI) -> None:
    tried = [await sign_in(app, WRONG, at=address) for address in NEIGHBOURS]

    assert [403] * BURST + [429] * (len(NEIGHBOURS) - BURST) == tried
    assert 403 == await sign_in(app, WRONG, at=ELSEWHERE)
    assert 303 == await sign_in(app, RIGHT, at=ELSEWHERE)


async def test_wrong_keys_from_many_places_keep_nobody_out(app: FastAPI) -> None:
    for number in range(60):
        await sign_in(app, WRONG, at=f"198.51.100.{number}")

    assert 403 == await sign_in(app, WRONG, at=HERE)
    assert 303 == await sign_in(app, RIGHT, at=HERE)


async def test_behind_a_proxy_the_right_key_signs_in_whatever_others_try(app: FastAPI) -> None:
    tried = [await sign_in(app, WRONG, at=HERE) for _ in range(2 * BURST)]

    assert 429 == tried[-1]
    assert 303 == await sign_in(app, RIGHT, at=HERE)


async def test_right_keys_count_as_no_tries(app: FastAPI) -> None:
    signed_in = {await sign_in(app, RIGHT, at=HERE) for _ in range(2 * BURST)}

    assert {303} == signed_in
    assert 403 == await sign_in(app, WRONG, at=HERE)
