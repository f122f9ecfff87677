"""Clients that mean harm: what they send is neither believed, nor kept, nor waited for."""

import json
import resource
from typing import Any

import pytest

from sendwell.runtime.server import connections
from sendwell.runtime.server.guarded_protocol import (
    LEAST_BYTES,
    LONGEST_TARGET,
    MOST_HEAD_BYTES,
    MOST_HEADERS,
)
from tests.unit.runtime.server_connection import Connection, a_request, bodies, chunked

HIDDEN = b"GET /alive HTTP/1.1\r\nHost: here\r\n\r\n"
UPGRADE = (b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AA", b"Upgrade: h2c")


@pytest.fixture
async def connection() -> Any:
    connection = Connection()
    yield connection
    connection.end()


@pytest.mark.parametrize("upgrade", [UPGRADE, (b"Connection: upgrade", b"Upgrade: websocket")])
@pytest.mark.parametrize("cut", [0, 1, 50, -1])
async def test_a_request_to_upgrade_is_served_as_it_is(
    connection: Connection, upgrade: tuple[bytes, ...], cut: int
) -> None:
    raw = a_request(b"hello", *upgrade) + a_request(b"again", *upgrade)

    answers = bodies(await connection.send(raw[:cut], raw[cut:]))

    assert answers == [b'"hello"', b'"again"']


@pytest.mark.parametrize("upgrade", [UPGRADE, (b"Connection: upgrade", b"Upgrade: websocket")])
async def test_no_request_hides_in_the_body_of_one_that_asks_to_upgrade(
    connection: Connection, upgrade: tuple[bytes, ...]
) -> None:
    raw = a_request(HIDDEN, *upgrade)
    head = raw.removesuffix(HIDDEN)

    answers = bodies(await connection.send(head, HIDDEN))

    assert answers == [b'"%b"' % HIDDEN]


async def test_a_request_to_upgrade_with_a_body_in_chunks_is_served_as_it_is(
    connection: Connection,
) -> None:
    answers = bodies(await connection.send(chunked(b"hello", *UPGRADE) + HIDDEN))

    assert answers == [b'"hello"', b"ok"]


async def test_a_refusal_is_a_problem_document(connection: Connection) -> None:
    answer = await connection.send(b"GET /alive HTTP/1.1\r\n" + b"a: b\r\n" * 300)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.splitlines() == [
        b"HTTP/1.1 431 Request Header Fields Too Large",
        b"date: today",
        b"content-length: %d" % len(body),
        b"content-type: application/problem+json",
        b"connection: close",
    ]
    assert "too_large" == json.loads(body)["code"]
    assert connection.wire.is_closed


async def test_a_tunnel_is_refused(connection: Connection) -> None:
    answer = await connection.send(b"CONNECT here:80 HTTP/1.1\r\nHost: here\r\n\r\n" + HIDDEN)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert 1 == answer.count(b"HTTP/1.1 ")
    assert connection.wire.is_closed


@pytest.mark.parametrize("line", [b"a:\r\n", b"a: " + b"b" * 1_000 + b"\r\n", b"b" * 1_000])
async def test_a_head_without_end_is_refused(connection: Connection, line: bytes) -> None:
    await connection.send(b"POST /echo HTTP/1.1\r\nHost: here\r\na: ")
    sent = 0
    while not connection.wire.is_closed and sent < 2 * MOST_HEAD_BYTES:
        await connection.send(line)
        sent += len(line)

    assert connection.wire.written.startswith(b"HTTP/1.1 431 ")
    assert connection.wire.is_closed


@pytest.mark.parametrize("number", [MOST_HEADERS - 3, MOST_HEADERS])
async def test_a_request_has_so_many_headers_at_most(connection: Connection, number: int) -> None:
    answer = await connection.send(a_request(b"hello", *(b"a: b" for _ in range(number))))

    assert answer.startswith(b"HTTP/1.1 431 " if number == MOST_HEADERS else b"HTTP/1.1 202 ")


@pytest.mark.parametrize("length", [LONGEST_TARGET, LONGEST_TARGET + 1])
async def test_a_target_has_so_many_bytes_at_most(connection: Connection, length: int) -> None:
    target = b"/" + b"a" * (length - 1)
    answer = await connection.send(a_request(first=b"POST %b HTTP/1.1" % target))

    assert answer.startswith(b"HTTP/1.1 404 " if length == LONGEST_TARGET else b"HTTP/1.1 414 ")


@pytest.mark.parametrize("trailer", [b"a: b\r\n", b"a" * 100])
async def test_trailers_without_end_are_refused(connection: Connection, trailer: bytes) -> None:
    whole = chunked()
    await connection.send(whole.removesuffix(b"\r\n"))
    for _ in range(MOST_HEAD_BYTES // len(trailer) + 1):
        await connection.send(trailer)

    assert connection.wire.is_closed


async def test_extensions_of_chunks_without_end_are_refused(connection: Connection) -> None:
    await connection.send(chunked().partition(b"5\r\n")[0] + b"5;a=")
    for _ in range(MOST_HEAD_BYTES // 1_000 + 1):
        await connection.send(b"b" * 1_000)

    assert connection.wire.is_closed


async def test_many_small_pieces_of_a_body_are_no_head(connection: Connection) -> None:
    pieces = [b"1\r\nx\r\n"] * 20_000
    head = chunked().partition(b"5\r\n")[0]

    answer = bodies(await connection.send(head, b"".join(pieces), b"0\r\n\r\n"))

    assert answer == [b'"%b"' % (b"x" * 20_000)]


async def test_a_trailer_is_no_header(connection: Connection) -> None:
    whole = a_request(b"0\r\nX-Request-ID: r-2\r\n\r\n", framing=b"Transfer-Encoding: chunked")

    answer = await connection.send(whole.replace(b"X-Request-ID: r-1\r\n", b""))

    assert b"x-request-id: " in answer
    assert b"x-request-id: r-2" not in answer


async def test_a_connection_that_was_opened_for_nothing_is_closed_without_a_word(
    connection: Connection,
) -> None:
    connection.look_again()
    early = connection.wire.is_closed
    connection.look_again()

    assert not early
    assert connection.wire.is_closed
    assert connection.wire.written == b""


@pytest.mark.parametrize("begun", [b"P", b"POST /echo HT", a_request()[:-2]])
async def test_a_request_that_does_not_come_is_not_waited_for(
    connection: Connection, begun: bytes
) -> None:
    await connection.send(begun)
    connection.look_again()
    early = connection.wire.is_closed
    connection.look_again()

    assert not early
    assert connection.wire.written.startswith(b"HTTP/1.1 408 ")
    assert connection.wire.is_closed


async def test_a_body_may_take_its_time_if_it_comes(connection: Connection) -> None:
    piece = b"x" * LEAST_BYTES
    raw = a_request(piece * 4)
    await connection.send(raw[: -4 * len(piece)])
    for _ in range(4):
        connection.look_again()
        await connection.send(piece)

    assert bodies(connection.wire.written) == [b'"%b"' % (piece * 4)]


async def test_an_answer_may_take_its_time(connection: Connection) -> None:
    connection.desk.may_answer.clear()
    await connection.send(a_request())
    for _ in range(3):
        connection.look_again()
    connection.desk.may_answer.set()

    assert bodies(await connection.rest()) == [b'"hello"']


async def test_nobody_looks_at_a_connection_that_is_closed(connection: Connection) -> None:
    alarm = connection.protocol.alarm
    connection.protocol.connection_lost(None)

    assert alarm is not None
    assert alarm.cancelled()


@pytest.mark.parametrize("taken", [0, LEAST_BYTES - 1])
@pytest.mark.parametrize("is_closing", [False, True])
async def test_an_answer_that_is_not_read_is_not_kept(
    connection: Connection, taken: int, *, is_closing: bool
) -> None:
    connection.wire.unread = 100_000
    connection.wire.is_closed = is_closing
    connection.look_again()
    early = connection.wire.is_aborted
    connection.wire.unread -= taken
    connection.look_again()

    assert not early
    assert connection.wire.is_aborted


async def test_an_answer_may_be_read_slowly(connection: Connection) -> None:
    connection.wire.unread = 10 * LEAST_BYTES
    while connection.wire.unread:
        await connection.send(a_request())
        connection.look_again()
        connection.wire.unread -= LEAST_BYTES
    connection.look_again()

    assert not connection.wire.is_aborted


async def test_who_has_read_all_that_was_written_before_reads(connection: Connection) -> None:
    connection.wire.unread = 100_000
    for _ in range(3):
        await connection.send(a_request())
        connection.look_again()
        connection.protocol.pause_writing()
        connection.protocol.resume_writing()

    assert not connection.wire.is_aborted


async def test_a_request_that_is_refused_and_not_read_is_not_kept(connection: Connection) -> None:
    await connection.send(a_request()[:-2])
    connection.wire.unread = 100_000
    for _ in range(2):
        connection.look_again()
        connection.wire.unread -= LEAST_BYTES
    refused = connection.wire.is_closed
    connection.wire.unread += LEAST_BYTES
    connection.look_again()

    assert refused
    assert connection.wire.is_aborted


async def test_one_connection_too_many_is_ended_at_once(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: 2)

    second, third = connection.beside(), connection.beside()

    assert not second.wire.is_aborted
    assert third.wire.is_aborted
    assert third.protocol.alarm is None
    second.end()


@pytest.mark.parametrize(
    ("files", "most", "followed"),
    [(1024, 768, 128), (1, 1, 1), (resource.RLIM_INFINITY, 2**63 - 1, 2**63 - 1)],
)
def test_some_files_are_left_for_our_own_connections(
    *, files: int, most: int, followed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))

    assert most == connections.most_connections()
    assert followed == connections.most_streams()
