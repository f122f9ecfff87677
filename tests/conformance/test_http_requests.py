"""Requests that cannot be put on the wire without meaning something else."""

from collections.abc import Mapping

import pytest

from sendwell.adapters.http import Code, Guarded
from sendwell.domain.outbound import Allowed
from sendwell.domain.outcome import Blame, Refused
from tests.conformance.http_calls import a_client, a_request, code_of
from tests.conformance.http_server import ok, saying, serving


@pytest.mark.parametrize(
    "headers",
    [
        {"x-note": "a\r\nx-evil: 1"},
        {"x-note": "a\nb"},
        {"x-note": "a\rb"},
        {"x-note": "a\0b"},
        {"x-note": "caf\u00e9 \u2192 bar"},
        {"x-note\r\nx-evil": "1"},
        {"x-note:": "1"},
        {"x note": "1"},
        {"": "1"},
        {"x-n\u00f6te": "1"},
        {"Host": "evil.example"},
        {"Content-Length": "0"},
        {"transfer-encoding": "chunked"},
        {"connection": "close"},
        {"accept-encoding": "gzip"},
    ],
)
async def test_a_header_that_does_not_belong_on_one_line_is_refused(
    headers: Mapping[str, str],
) -> None:
    async with serving(saying(ok())) as server, a_client() as client:
        outcome = await client.exchange(a_request(server.url(), headers=headers))

    assert code_of(outcome, Refused) == Code.MALFORMED_REQUEST
    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.US
    assert server.connections == 0


@pytest.mark.parametrize(
    "method", ["", "post", "GET / HTTP/1.1\r\nx: y\r\n\r\nGET", "CONNECT", "Ä"]
)
async def test_a_method_that_is_none_is_refused(method: str) -> None:
    async with a_client() as client:
        outcome = await client.exchange(a_request("http://hooks.example/", method=method))

    assert code_of(outcome, Refused) == Code.MALFORMED_REQUEST


async def test_a_url_that_is_none_is_refused_as_the_address_s_fault() -> None:
    async with a_client(policy=Guarded(allowed=Allowed())) as client:
        outcome = await client.exchange(a_request("http://user:secret@hooks.example/"))

    assert code_of(outcome, Refused) == Code.MALFORMED_REQUEST
    assert isinstance(outcome, Refused)
    assert outcome.fault.blame is Blame.ADDRESS
    assert "secret" not in outcome.fault.text


async def test_tabs_and_latin_1_are_allowed_in_a_header_s_value() -> None:
    async with serving(saying(ok())) as server, a_client() as client:
        await client.exchange(a_request(server.url(), headers={"x-note": "caf\u00e9\tau lait"}))

    assert b"\r\nx-note: caf\xe9\tau lait\r\n" in server.requests[0]


@pytest.mark.parametrize(
    ("method", "body", "has_length"),
    [("POST", b"", True), ("PUT", b"", True), ("GET", b"", False), ("DELETE", b"x", True)],
)
async def test_a_length_is_told_where_a_body_is_to_be_expected(
    method: str, body: bytes, has_length: bool
) -> None:
    async with serving(saying(ok())) as server, a_client() as client:
        await client.exchange(a_request(server.url(), method=method, body=body))

    assert (b"content-length: %d\r\n" % len(body) in server.requests[0]) == has_length
