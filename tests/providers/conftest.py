from collections.abc import AsyncIterator

import pytest

from sendwell.adapters.http import Guarded, HttpClient, Policy, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.domain.outbound import Allowed
from sendwell.ports.http import Http
from sendwell.ports.vendor import Means
from tests.providers.accounts import no_relay, now


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    async for client in a_client(Trusted()):
        yield client


@pytest.fixture
async def guarded_http() -> AsyncIterator[Http]:
    async for client in a_client(Guarded(allowed=Allowed.parse("127.0.0.1"))):
        yield client


@pytest.fixture
def means(http: Http, guarded_http: Http) -> Means:
    return Means(http=http, guarded_http=guarded_http, smtp=no_relay, clock=now)


async def a_client(policy: Policy) -> AsyncIterator[Http]:
    client = HttpClient(policy=policy, clock=SystemClock())
    yield client
    await client.close()
