"""Names that come from tenants are resolved where nobody else has to wait for them."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from sendwell.adapters.http import Code, Guarded
from sendwell.domain.outbound import Allowed
from sendwell.domain.outcome import Deferred
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import SOON, Reply, a_client, a_request, code_of
from tests.conformance.http_server import PATIENCE, ok, saying, serving

MORE_THAN_THE_LOOP_HAS_THREADS = 40


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Names in `.slow.example` have no answer before this is set; the others lead to us."""
    released = threading.Event()
    asked = socket.getaddrinfo

    def answer(host: str, port: int | None, *rest: Any, **more: Any) -> Any:
        if host.endswith(".slow.example"):
            released.wait(3 * PATIENCE)
            raise socket.gaierror(socket.EAI_AGAIN, "later")
        return asked("127.0.0.1" if host.endswith(".example") else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    yield released
    released.set()


def a_guard() -> Guarded:
    return Guarded(allowed=Allowed.parse("127.0.0.1"))


async def test_a_vendor_is_dialled_while_names_of_a_tenant_hang(released: threading.Event) -> None:
    async with (
        serving(saying(ok())) as server,
        a_client(policy=a_guard()) as guarded,
        a_client() as trusted,
    ):
        hanging = [
            asyncio.ensure_future(guarded.exchange(a_request(f"http://{i}.slow.example/")))
            for i in range(MORE_THAN_THE_LOOP_HAS_THREADS)
        ]
        await asyncio.sleep(0)
        answer = await trusted.exchange(a_request(server.url(host="localhost")))
        were_hanging = not hanging[0].done()
        released.set()
        outcomes = await asyncio.gather(*hanging)

    assert isinstance(answer, HttpAnswer)
    assert were_hanging
    assert {code_of(outcome, Deferred) for outcome in outcomes} == {Code.DNS}


async def test_webhooks_of_others_are_dialled_while_names_of_one_domain_hang(
    released: threading.Event,
) -> None:
    async with serving(saying(ok())) as server, a_client(policy=a_guard()) as guarded:
        hanging = [
            asyncio.ensure_future(guarded.exchange(a_request(f"http://{i}.slow.example/")))
            for i in range(MORE_THAN_THE_LOOP_HAS_THREADS)
        ]
        await asyncio.sleep(0)
        answer = await guarded.exchange(a_request(server.url(host="hooks.fine.example")))
        released.set()
        await asyncio.gather(*hanging)

    assert isinstance(answer, HttpAnswer)


@pytest.mark.usefixtures("released")
def test_uvloop_is_not_asked_either() -> None:
    async def run() -> Reply:
        async with serving(saying(ok())) as server, a_client(policy=a_guard()) as client:
            return await client.exchange(a_request(server.url(host="hooks.fine.example")))

    assert isinstance(uvloop.run(run()), HttpAnswer)


@pytest.mark.usefixtures("released")
async def test_a_name_without_an_answer_in_time_is_what_is_blamed() -> None:
    async with a_client(policy=a_guard()) as client:
        outcome = await client.exchange(a_request("http://a.slow.example/", timeout=SOON))

    assert code_of(outcome, Deferred) == Code.DNS
