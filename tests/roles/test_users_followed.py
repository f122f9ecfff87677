"""What a person follows, like their inbox, ends with their session."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from starlette.requests import Request

from sendwell.ports.database import Database
from sendwell.runtime.server.still_allowed import while_allowed
from tests.roles.log_in_house import House, a_house
from tests.roles.users_house import HERE

OUT = "/api/v1/people/logout"
NEW = "another password, quite as long"
AWAY = "198.51.100.7"
PATIENCE = 10


@pytest.fixture
async def house(tmp_path: Path, users_database: Database) -> AsyncIterator[House]:
    async with a_house(tmp_path, users_database) as house:
        await house.let_in(email="ada@example.org")
        yield house


async def test_what_is_followed_ends_with_the_session(house: House) -> None:
    token = (await house.tries()).json()["access_token"]
    messages: asyncio.Queue[str] = asyncio.Queue()
    seen = while_allowed(a_request(house, token), coming(messages), seconds=0.01)
    async with asyncio.timeout(PATIENCE), aclosing(seen):
        messages.put_nowait("one")
        first = await anext(seen)
        second = asyncio.ensure_future(anext(seen))
        await asyncio.wait({second}, timeout=0.1)  # looked at several times meanwhile
        messages.put_nowait("two")

        assert [first, await second] == ["one", "two"]
        await house.stranger(token=token).post(OUT)

        assert [each async for each in seen] == []


async def test_what_is_followed_ends_where_there_is_no_more(house: House) -> None:
    token = (await house.tries()).json()["access_token"]

    async def two() -> AsyncGenerator[int]:
        yield 1
        yield 2

    seen = while_allowed(a_request(house, token), two())

    assert [1, 2] == [each async for each in seen]


def a_request(house: House, token: str) -> Request:
    """Somebody follows their inbox."""
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": f"{HERE}/inbox/stream",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {token}".encode())],
            "app": house.app,
        }
    )


async def coming(messages: asyncio.Queue[str]) -> AsyncGenerator[str]:
    while True:
        yield await messages.get()
