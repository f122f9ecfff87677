"""The quarantines of several services as one list."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.peers.quarantine import RemoteQuarantine
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import NotFound, Unavailable
from sendwell.domain.ids import TenantId
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from sendwell.ports.quarantine import Kept, KeptInFull, Narrowed, Shelf
from sendwell.runtime.quarantine import api
from sendwell.runtime.quarantine.gathered import Gathered
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.quarantine.tables import METADATA
from sendwell.runtime.scene import Scene
from tests.conformance.http_server import Talk, ok, serving
from tests.roles.calling import a_client, an_app

ACME, BETA = TenantId("acme"), TenantId("beta")


def a_message(at: int, *, tenant: TenantId = ACME, reason: Reason = Reason.TOO_OLD) -> Quarantine:
    return Quarantine(
        stream="requests",
        place=f"{tenant}@{at}",
        reason=reason,
        text=f"At {at}",
        pointer="",
        body=b"what came",
        headers={},
        at=at,
        tenant=tenant,
    )


def tell_nobody(_: Sequence[Quarantine], __: Scene) -> None:
    return None


class Services:
    """Quarantines on databases of their own."""

    def __init__(self, folder: Path, opened: AsyncExitStack) -> None:
        self._folder = folder
        self._opened = opened

    def store(self, name: str, *, called: str = "") -> QuarantineStore:
        database = SqliteDatabase(self._folder / f"{name}.db")
        METADATA.create_all(database.engine)
        self._opened.push_async_callback(database.close)

        async def named() -> str:
            return called

        return QuarantineStore(database, named=named)

    def at(self, url: str | None) -> RemoteQuarantine:
        clock = SystemClock()
        http = HttpClient(policy=Trusted(), clock=clock)
        self._opened.push_async_callback(http.close)
        return RemoteQuarantine(Peer("push", url, http=http, token="", clock=clock))


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with AsyncExitStack() as opened:
        yield Services(tmp_path, opened)


async def texts(quarantines: Gathered, narrowed: Narrowed | None = None) -> list[tuple[str, str]]:
    page = await quarantines.page(ACME, narrowed or Narrowed(), behind={}, limit=50)
    return [(service, kept.text) for service, kept in page.found]


async def test_all_are_shown_newest_first_and_only_the_tenants_own(services: Services) -> None:
    here, there = services.store("here"), services.store("there")
    await here.keep([a_message(1), a_message(4)], tell=tell_nobody)
    await there.keep([a_message(2), a_message(3, tenant=BETA)], tell=tell_nobody)

    shown = await texts(Gathered({"gateway": here, "email": there}))

    assert shown == [("gateway", "At 4"), ("email", "At 2"), ("gateway", "At 1")]


async def test_services_on_one_database_show_it_once(services: Services) -> None:
    here = services.store("here", called="one")
    await here.keep([a_message(1)], tell=tell_nobody)

    assert await texts(Gathered({"gateway": here, "email": here})) == [("gateway", "At 1")]


async def test_what_the_page_is_narrowed_to_is_asked_of_everybody(services: Services) -> None:
    here, there = services.store("here"), services.store("there")
    for each in (here, there):
        await each.keep([a_message(1), a_message(2, reason=Reason.REFUSED)], tell=tell_nobody)
    narrowed = Narrowed("requests", Reason.REFUSED.value)

    shown = await texts(Gathered({"gateway": here, "email": there}), narrowed)

    assert shown == [("gateway", "At 2"), ("email", "At 2")]


async def test_a_service_that_is_away_is_named_and_holds_up_nobody(services: Services) -> None:
    here = services.store("here")
    await here.keep([a_message(1)], tell=tell_nobody)
    quarantines = Gathered({"gateway": here, "push": services.at(None)})

    async with a_client(an_app(ACME, routers=[api.routes(quarantines)])) as client:
        page = (await client.get("/api/v1/quarantine")).json()
        one = await client.get("/api/v1/quarantine/1?service=push")

    assert [each["service"] for each in page["data"]] == ["gateway"]
    assert page["incomplete"] == ["push"]
    assert one.status_code == 503


@pytest.mark.parametrize(
    "garbage",
    [b"<html>", b"\xff", b'{"kept":7}', b'{"kept":[],"x":' + b"[" * 50_000, b""],
    ids=["a page", "no text", "another shape", "too deep", "nothing"],
)
async def test_a_service_that_answers_what_nobody_understands_counts_as_away(
    services: Services, garbage: bytes
) -> None:
    async def answer(talk: Talk) -> None:
        while await talk.hear():
            await talk.say(ok(garbage))

    here = services.store("here")
    await here.keep([a_message(1)], tell=tell_nobody)
    async with serving(answer) as server:
        there = services.at(f"http://127.0.0.1:{server.port}")
        quarantines = Gathered({"gateway": here, "push": there})

        page = await quarantines.page(ACME, Narrowed(), behind={}, limit=50)

        assert [service for service, _ in page.found] == ["gateway"]
        assert page.incomplete == ["push"]
        with pytest.raises(Unavailable):
            await quarantines.find(ACME, 1, service="push")


async def test_a_message_is_found_where_it_is_and_nowhere_else(services: Services) -> None:
    here, there = services.store("here"), services.store("there")
    await there.keep([a_message(1)], tell=tell_nobody)
    quarantines = Gathered({"gateway": here, "email": there})

    assert (await quarantines.find(ACME, 1, service="email")).message.body == b"what came"
    for service in (None, "gateway", "nobody"):
        with pytest.raises(NotFound):
            await quarantines.find(ACME, 1, service=service)


@pytest.mark.parametrize("cursor", ["x", "djFuOnt9eA", "djFuOnsiYSI6LTF9"])
async def test_a_cursor_that_was_not_given_here_is_refused(services: Services, cursor: str) -> None:
    routes = api.routes(Gathered({"gateway": services.store("here")}))
    async with a_client(an_app(ACME, routers=[routes])) as client:
        answer = await client.get(f"/api/v1/quarantine?cursor={cursor}")

    assert answer.status_code == 400


class Listed:
    """The quarantine of a service that knows these times."""

    def __init__(self, times: Sequence[int]) -> None:
        self._kept = [
            Kept(number, "requests", str(number), "too_old", "", "", at)
            for number, at in enumerate(times, start=1)
        ]

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, before: int | None, limit: int
    ) -> Shelf:
        older = [kept for kept in reversed(self._kept) if before is None or kept.id < before]
        return Shelf(older[:limit])

    async def find(self, tenant: TenantId, number: int) -> KeptInFull:
        raise Unavailable("Nobody asks for one.")


TIMES = st.lists(st.integers(0, 20), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(own=TIMES, theirs=TIMES, limit=st.integers(1, 5))
async def test_page_by_page_each_message_is_shown_once(
    own: list[int], theirs: list[int], limit: int
) -> None:
    quarantines = Gathered({"gateway": Listed(own), "email": Listed(theirs)})

    shown: list[tuple[str, int]] = []
    behind: dict[str, int] = {}
    while True:
        page = await quarantines.page(ACME, Narrowed(), behind=behind, limit=limit)
        shown += [(service, kept.id) for service, kept in page.found]
        if page.behind is None:
            break
        behind = dict(page.behind)

    expected = [("gateway", n + 1) for n in range(len(own))]
    expected += [("email", n + 1) for n in range(len(theirs))]
    assert sorted(shown) == sorted(expected)
