"""TLS: the certificate must be the host's, wherever the connection leads."""

import ssl
from collections.abc import Sequence

import pytest
import trustme

from sendwell.adapters.http import Code, Trusted
from sendwell.domain.outbound import Address, literal
from sendwell.domain.outcome import Deferred, Unknown
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import SOON, a_client, a_request, code_of
from tests.conformance.http_server import ok, saying, saying_once, serving, silence

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(context)
    return context


async def at_loopback(_: str) -> Sequence[Address]:
    address = literal("127.0.0.1")
    assert address
    return [address]


LOCAL = Trusted(resolve=at_loopback)


async def test_a_certificate_for_the_host_is_accepted_and_its_connection_kept(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    names: list[str | None] = []
    tls = certified(authority, "api.example")
    tls.sni_callback = lambda _, name, __: names.append(name)
    async with (
        serving(saying(ok(b"private")), tls=tls) as server,
        a_client(policy=LOCAL, tls=trusting) as client,
    ):
        answers = [
            await client.exchange(a_request(server.url(host="api.example"))) for _ in range(2)
        ]

    assert answers == [HttpAnswer(200, {"content-length": "7"}, b"private")] * 2
    assert server.connections == 1
    assert names == ["api.example"]


async def test_a_certificate_for_an_address_is_accepted(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    tls = certified(authority, "127.0.0.1")
    async with serving(saying(ok()), tls=tls) as server, a_client(tls=trusting) as client:
        answer = await client.exchange(a_request(server.url()))

    assert isinstance(answer, HttpAnswer)


async def test_a_certificate_for_another_host_is_not_accepted(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    tls = certified(authority, "other.example")
    async with (
        serving(saying(ok()), tls=tls) as server,
        a_client(policy=LOCAL, tls=trusting) as client,
    ):
        outcome = await client.exchange(a_request(server.url(host="api.example")))

    assert code_of(outcome, Deferred) == Code.TLS
    assert server.requests == []


async def test_a_certificate_of_an_unknown_authority_is_not_accepted_by_default(
    authority: trustme.CA,
) -> None:
    tls = certified(authority, "api.example")
    async with serving(saying(ok()), tls=tls) as server, a_client(policy=LOCAL) as client:
        outcome = await client.exchange(a_request(server.url(host="api.example")))

    assert code_of(outcome, Deferred) == Code.TLS
    assert server.requests == []


async def test_a_server_without_tls_is_not_talked_to() -> None:
    async with serving(saying(ok())) as server, a_client() as client:
        url = server.url().replace("http:", "https:")

        outcome = await client.exchange(a_request(url, timeout=SOON))

    assert isinstance(outcome, Deferred)
    assert server.requests == []


async def test_a_body_until_the_end_of_the_connection_arrives_over_tls(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    tls = certified(authority, "127.0.0.1")
    script = saying_once(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000)
    async with serving(script, tls=tls) as server, a_client(tls=trusting) as client:
        answer = await client.exchange(a_request(server.url()))

    assert isinstance(answer, HttpAnswer)
    assert len(answer.body) == 100_000


async def test_no_answer_in_time_over_tls_is_unknown(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    tls = certified(authority, "127.0.0.1")
    async with serving(silence, tls=tls) as server, a_client(tls=trusting) as client:
        outcome = await client.exchange(a_request(server.url(), timeout=SOON))

        await server.until(lambda: server.open == 0)

    assert code_of(outcome, Unknown) == Code.TIMEOUT


async def test_a_body_over_the_cap_is_cut_over_tls(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    tls = certified(authority, "127.0.0.1")
    script = saying(ok(b"x" * (5 * MIB)))
    async with serving(script, tls=tls) as server, a_client(tls=trusting) as client:
        answer = await client.exchange(a_request(server.url()))

        await server.until(lambda: server.open == 0)

    assert isinstance(answer, HttpAnswer)
    assert answer.body == b"x" * MIB
