"""How tests call the HTTP port: a client of their own, a request, what came of it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Container, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from sendwell.adapters.http import HttpClient, Limits, Policy, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.domain.outcome import Deferred, Refused, Unknown
from sendwell.ports.http import HttpAnswer, HttpRequest
from tests.conformance.http_server import PATIENCE, Script, serving

SOON = timedelta(seconds=1)
Reply = HttpAnswer | Deferred | Refused | Unknown


@asynccontextmanager
async def a_client(
    *,
    policy: Policy | None = None,
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[HttpClient]:
    """A client that is closed at the end of the block; nothing in it may take long."""
    clock = SystemClock()
    client = HttpClient(policy=policy or Trusted(), clock=clock, limits=limits, tls=tls)
    async with asyncio.timeout(3 * PATIENCE):
        yield client
        await client.close()


def a_request(
    url: str,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"hello",
    timeout: timedelta = timedelta(seconds=PATIENCE),
    enough: Container[int] = (),
) -> HttpRequest:
    return HttpRequest(method, url, headers or {}, body, timeout, enough)


async def reply_to(
    script: Script,
    *,
    body: bytes = b"hello",
    within: timedelta = timedelta(seconds=PATIENCE),
    enough: Container[int] = (),
) -> Reply:
    """What comes of one request to a server with this script."""
    async with serving(script) as server, a_client() as client:
        request = a_request(server.url(), body=body, timeout=within, enough=enough)
        return await client.exchange(request)


def code_of(outcome: Reply, kind: type[Deferred | Refused | Unknown]) -> str:
    """The fault's code of an outcome that is of this kind."""
    assert isinstance(outcome, kind)
    return outcome.fault.code
