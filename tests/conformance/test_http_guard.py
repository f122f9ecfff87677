"""The guarded policy: requests to URLs of tenants, people and payloads stay outside."""

import socket
from collections import deque
from collections.abc import Sequence

import pytest

from sendwell.adapters.http import Code, Guarded, Resolve
from sendwell.domain.outbound import Address, Allowed, literal
from sendwell.domain.outcome import Blame, Deferred, Refused
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import SOON, a_client, a_request, code_of
from tests.conformance.http_server import ok, saying, serving, silence

NOTHING = Allowed()


def resolver(*answers: Sequence[str]) -> Resolve:
    """A name server that gives these answers, one after the other, whatever the name."""
    left = deque(answers)

    async def resolve(_: str) -> Sequence[Address]:
        if not left:
            raise AssertionError("asked once more than expected")
        return [address for text in left.popleft() if (address := literal(text))]

    return resolve


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",  # noqa: S104 - dialled, not bound
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
async def test_no_spelling_of_a_private_address_is_dialled(host: str) -> None:
    async with serving(saying(ok())) as server, a_client(policy=Guarded(allowed=NOTHING)) as client:
        outcome = await client.exchange(a_request(server.url(host=host)))

    assert code_of(outcome, Refused) == Code.FORBIDDEN_ADDRESS
    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ACCOUNT, "an address that is blamed is suppressed for good"
    assert server.connections == 0


@pytest.mark.parametrize("host", ["１２７.０.０.１", "localhost.", "127.0.0.1.", "127。0。0。1"])
async def test_what_some_resolvers_take_for_a_private_address_is_not_dialled(host: str) -> None:
    async with serving(saying(ok())) as server, a_client(policy=Guarded(allowed=NOTHING)) as client:
        outcome = await client.exchange(a_request(server.url(host=host)))

    assert isinstance(outcome, Refused | Deferred)
    assert server.connections == 0


async def test_a_name_that_leads_inside_today_is_refused_and_may_be_asked_again() -> None:
    policy = Guarded(allowed=NOTHING, resolve=resolver(["10.0.0.1", "::1"]))
    async with a_client(policy=policy) as client:
        outcome = await client.exchange(a_request("http://hooks.example/secret"))

    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ACCOUNT
    assert outcome.fault.text == (
        "hooks.example has no address that requests may go to (see OUTBOUND_ALLOW)."
    )


async def test_of_mixed_answers_only_the_permitted_address_is_dialled() -> None:
    policy = Guarded(
        allowed=Allowed.parse("127.0.0.1"),
        resolve=resolver(["127.0.0.2", "127.0.0.1", "::1"]),
    )
    async with (
        serving(saying(ok(b"outside"))) as outside,
        serving(saying(ok(b"inside")), host="127.0.0.2", port=outside.port) as inside,
        a_client(policy=policy) as client,
    ):
        answer = await client.exchange(a_request(outside.url(host="hooks.example")))

    assert isinstance(answer, HttpAnswer)
    assert answer.body == b"outside"
    assert inside.connections == 0


async def test_the_address_that_was_checked_is_the_one_dialled() -> None:
    rebinding = resolver(["127.0.0.1"], ["127.0.0.2"])
    policy = Guarded(allowed=Allowed.parse("127.0.0.1"), resolve=rebinding)
    async with (
        serving(saying(ok(b"", b"connection: close"))) as server,
        serving(saying(ok()), host="127.0.0.2", port=server.port) as inside,
        a_client(policy=policy) as client,
    ):
        first = await client.exchange(a_request(server.url(host="rebinding.example")))
        second = await client.exchange(a_request(server.url(host="rebinding.example")))

    assert isinstance(first, HttpAnswer)
    assert code_of(second, Refused) == Code.FORBIDDEN_ADDRESS
    assert inside.connections == 0


async def test_a_kept_connection_stays_at_the_address_that_was_checked() -> None:
    policy = Guarded(allowed=Allowed.parse("127.0.0.1"), resolve=resolver(["127.0.0.1"]))
    async with serving(saying(ok())) as server, a_client(policy=policy) as client:
        for _ in range(2):
            await client.exchange(a_request(server.url(host="hooks.example")))

    assert server.connections == 1
    assert all(b"host: hooks.example:%d\r\n" % server.port in one for one in server.requests)


@pytest.mark.parametrize("allowed", ["127.0.0.0/8, ::1", "localhost", "10.0.0.1,LocalHost."])
async def test_what_the_operator_has_allowed_is_dialled(allowed: str) -> None:
    policy = Guarded(allowed=Allowed.parse(allowed))
    async with serving(saying(ok())) as server, a_client(policy=policy) as client:
        answer = await client.exchange(a_request(server.url(host="localhost")))

    assert isinstance(answer, HttpAnswer)


async def test_a_redirect_to_the_inside_is_only_an_answer() -> None:
    policy = Guarded(allowed=Allowed.parse("127.0.0.1"), resolve=resolver())
    async with serving(saying(ok()), host="127.0.0.2") as inside:
        location = b"location: " + inside.url(host="127.0.0.2").encode()
        redirect = ok(b"", location, status=b"307 Temporary Redirect")
        async with serving(saying(redirect)) as server, a_client(policy=policy) as client:
            answer = await client.exchange(a_request(server.url()))

    assert isinstance(answer, HttpAnswer)
    assert answer.status == 307
    assert inside.connections == 0


async def test_a_dead_url_is_not_the_provider_s_fault() -> None:
    policy = Guarded(allowed=Allowed.parse("127.0.0.1"))
    async with serving(silence) as server, a_client(policy=policy) as client:
        outcome = await client.exchange(a_request(server.url(), timeout=SOON))

    assert not isinstance(outcome, HttpAnswer)
    assert outcome.fault.blame is Blame.ADDRESS


async def test_a_name_that_dns_does_not_know_may_come_back() -> None:
    async def resolve(_: str) -> Sequence[Address]:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    policy = Guarded(allowed=NOTHING, resolve=resolve)
    async with a_client(policy=policy) as client:
        outcome = await client.exchange(a_request("http://hooks.example/"))

    assert code_of(outcome, Deferred) == Code.DNS
