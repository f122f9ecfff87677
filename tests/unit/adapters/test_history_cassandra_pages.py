"""What Cassandra answers in several pages is given whole."""

import asyncio
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cassandra import ReadTimeout
from cassandra.cluster import ResponseFuture

from sendwell.adapters.history.cassandra.place import Place
from sendwell.adapters.history.cassandra.session import CassandraSession
from sendwell.domain.errors import Unavailable

PAGES = [[1, 2, 3], [4, 5, 6], [7]]


class Answer(ResponseFuture):  # type: ignore[misc] # the driver has no types
    """The driver's own, but for the way to the server: what that says is made here."""

    def __init__(self, pages: Sequence[object]) -> None:
        self._callback_lock = threading.Lock()
        self._callbacks: list[Any] = []
        self._errbacks: list[Any] = []
        self._event = threading.Event()
        self._metrics = self._timer = None
        self._paging_state: bytes | None = None
        self.message = SimpleNamespace()
        self._pages = [*pages]

    def send_request(self, *_: object) -> None:
        page = self._pages.pop(0)
        self._paging_state = b"more" if self._pages else None
        if isinstance(page, Exception):
            threading.Thread(target=self._set_final_exception, args=[page]).start()
        else:
            threading.Thread(target=self._set_final_result, args=[page]).start()

    def _make_query_plan(self) -> None:
        """There is nobody to choose from."""

    def _start_timer(self) -> None:
        """It is answered at once."""


def asked(*pages: object) -> CassandraSession:
    """A session that is connected, and a server with these pages."""

    def execute_async(*_: object) -> Answer:
        answer = Answer(pages)
        answer.send_request()
        return answer

    session = CassandraSession(Place.parse("cassandra://127.0.0.1/history"), {})
    session._session = cast("Any", SimpleNamespace(execute_async=execute_async))
    session._prepared = {"all": "SELECT"}
    return session


@pytest.mark.parametrize("pages", [PAGES, PAGES[:1], [[], [1]], [[]]])
async def test_all_pages_are_given_as_one(pages: list[list[int]]) -> None:
    async with asyncio.timeout(30):
        found = await asked(*pages).run("all", ())

    assert [number for page in pages for number in page] == found


async def test_what_writes_gives_nothing() -> None:
    async with asyncio.timeout(30):
        assert [] == await asked(None).run("all", ())


async def test_half_of_the_pages_are_no_answer() -> None:
    async with asyncio.timeout(30):
        with pytest.raises(Unavailable):
            await asked([1], ReadTimeout("too slow"), [2]).run("all", ())
