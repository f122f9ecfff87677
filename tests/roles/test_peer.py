"""What a service says about another one that it cannot ask: once, and with what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from sendwell.adapters.http import HttpClient, Trusted
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.system import SystemClock
from sendwell.domain.errors import Unavailable
from sendwell.ports.questions import TENANTS, AskTenants
from tests.acceptance.command import answering


@asynccontextmanager
async def accounts_at(url: str) -> AsyncIterator[Peer]:
    clock = SystemClock()
    http = HttpClient(policy=Trusted(), clock=clock)
    try:
        yield Peer("accounts", url, http=http, token="", clock=clock)
    finally:
        await http.close()


@pytest.mark.parametrize(("status", "advice"), [(401, "SERVICE_TOKEN"), (404, "ACCOUNTS_URL")])
async def test_a_refusal_is_logged_once_with_what_to_do(status: int, advice: str) -> None:
    with answering(status, {}) as url, capture_logs() as lines:
        async with accounts_at(url) as accounts:
            for _ in range(3):
                with pytest.raises(Unavailable):
                    await accounts.ask(TENANTS, AskTenants(""))

    (line,) = lines
    assert line["event"] == "peer.unavailable"
    assert f"it answered {status}; " in line["why"]
    assert advice in line["why"]


async def test_an_outage_is_logged_when_it_begins() -> None:
    with capture_logs() as lines:
        async with accounts_at("http://127.0.0.1:1") as accounts:
            for _ in range(20):
                with pytest.raises(Unavailable):
                    await accounts.ask(TENANTS, AskTenants(""))

    assert [line["event"] for line in lines] == ["peer.unavailable"]
