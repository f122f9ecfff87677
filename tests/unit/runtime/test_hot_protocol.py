"""A hot call takes the short way only when it is simple, and nobody can tell from the answer."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from sendwell.domain.errors import Denied, SendwellError
from sendwell.runtime.server.hot_protocol import Flight
from tests.unit.runtime.server_connection import MOST, Connection, a_request, bodies, chunked


@pytest.fixture
async def connection() -> Any:
    connection = Connection()
    yield connection
    connection.end()


async def test_a_simple_call_is_answered_in_one_write(connection: Connection) -> None:
    answer = await connection.send(a_request())

    assert ["hot"] == connection.desk.ways
    assert [answer] == connection.wire.writes
    assert answer == (
        b"HTTP/1.1 202 Accepted\r\ndate: today\r\nlocation: /here\r\ncontent-length: 7\r\n"
        b"content-type: application/json\r\nx-request-id: r-1\r\n"
        b'x-content-type-options: nosniff\r\n\r\n"hello"'
    )


@pytest.mark.parametrize(
    "raw",
    [
        chunked(),
        a_request(b"hello", b"Expect: 100-continue"),
        a_request(b"hello", b"Content-Encoding: identity"),
        a_request(b"hello", b"Content-Encoding: gzip"),
        a_request(b"hello", b"Upgrade: h2c"),
        a_request(first=b"POST /echo HTTP/1.0"),
        a_request(first=b"POST /echo? HTTP/1.1"),
        a_request(first=b"POST http://here/echo HTTP/1.1"),
        a_request(first=b"POST /%65cho HTTP/1.1"),
        a_request(b"x" * 65_537),
        a_request(b"x" * (MOST + 1)),
        a_request(b"", framing=b"X-Nothing: x"),
    ],
)
async def test_what_is_not_simple_goes_the_ordinary_way(connection: Connection, raw: bytes) -> None:
    answer = await connection.send(raw)

    assert ["ordinary"] == connection.desk.ways
    assert b"HTTP/1.1 " in answer


async def test_another_method_or_path_never_reaches_the_endpoint(connection: Connection) -> None:
    method = await connection.send(a_request(first=b"PUT /echo HTTP/1.1"))
    path = (await connection.send(a_request(first=b"POST /echo/ HTTP/1.1")))[len(method) :]

    assert method.startswith(b"HTTP/1.1 405 ")
    assert not path.startswith(b"HTTP/1.1 202 ")
    assert connection.desk.ways == []


async def test_a_query_is_refused(connection: Connection) -> None:
    answer = await connection.send(a_request(first=b"POST /echo?dry_run=true HTTP/1.1"))

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"pointer":"/query/dry_run"' in answer
    assert connection.desk.ways == []


TROUBLES = [
    None,
    SendwellError("Something is wrong."),
    Denied("Who are you?", is_unknown=True),
    RuntimeError("a defect"),
]


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("headers", [(), (b"Connection: close",), (b"Connection: x, Close",)])
async def test_both_ways_give_the_same_answer(
    connection: Connection, trouble: Exception | None, headers: Sequence[bytes]
) -> None:
    other = Connection()
    connection.desk.trouble = other.desk.trouble = trouble

    hot = await connection.send(a_request(b"hello", *headers))
    ordinary = await other.send(chunked(b"hello", *headers))
    other.end()

    assert (["hot"], ["ordinary"]) == (connection.desk.ways, other.desk.ways)
    assert hot == ordinary
    assert connection.wire.is_closed == other.wire.is_closed == bool(headers)


@given(st.sets(st.integers(1, len(a_request() * 2) - 1)))
def test_it_does_not_matter_where_packets_are_cut(cuts: set[int]) -> None:
    raw = a_request() * 2
    marks = [0, *sorted(cuts), len(raw)]
    packets = [raw[start:end] for start, end in pairwise(marks)]

    async def answers() -> bytes:
        connection = Connection()
        answer = await connection.send(*packets)
        connection.end()
        return answer

    assert bodies(asyncio.run(answers())) == [b'"hello"', b'"hello"']


GET = b"GET /alive HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (a_request(b"1") + a_request(b"2") + a_request(b"3"), [b'"1"', b'"2"', b'"3"']),
        (a_request(b"1") + GET + a_request(b"2"), [b'"1"', b"ok", b'"2"']),
        (GET + a_request(b"1"), [b"ok", b'"1"']),
        (chunked(b"1") + a_request(b"2"), [b'"1"', b'"2"']),
    ],
)
async def test_pipelined_requests_are_answered_in_order(
    connection: Connection, raw: bytes, expected: list[bytes]
) -> None:
    connection.desk.may_answer.clear()

    early = bodies(await connection.send(raw))
    connection.desk.may_answer.set()
    answers = bodies(await connection.rest())

    assert early == [body for body in expected[:1] if body == b"ok"]
    assert answers == expected
    assert not connection.wire.is_paused
    assert connection.state.total_requests == len(expected)


async def test_an_idle_connection_keeps_no_body(connection: Connection) -> None:
    await connection.send(a_request(b"x" * 60_000))

    assert isinstance(connection.protocol.cycle, Flight)
    assert connection.protocol.cycle.chunks == []


async def test_the_keep_alive_timer_runs_between_calls_only(connection: Connection) -> None:
    connection.desk.may_answer.clear()

    await connection.send(a_request())
    during = connection.protocol.timeout_keep_alive_task
    connection.desk.may_answer.set()
    await connection.rest()
    after = connection.protocol.timeout_keep_alive_task
    connection.protocol.data_received(a_request()[:10])

    assert during is None
    assert after is not None
    assert after.cancelled()
    assert connection.protocol.timeout_keep_alive_task is None


async def test_the_end_of_the_server_waits_for_the_answer(connection: Connection) -> None:
    connection.desk.may_answer.clear()
    await connection.send(a_request())

    connection.protocol.shutdown()
    waiting = (connection.wire.is_closed, len(connection.state.tasks))
    connection.desk.may_answer.set()
    answer = await connection.rest()

    assert waiting == (False, 1)
    assert b"\r\nconnection: close\r\n" in answer
    assert connection.wire.is_closed
    assert connection.state.tasks == set()


async def test_the_end_of_the_server_waits_for_a_body_on_its_way(connection: Connection) -> None:
    await connection.send(a_request()[:-2])

    connection.protocol.shutdown()
    answer = await connection.send(a_request()[-2:])

    assert b"\r\nconnection: close\r\n" in answer
    assert connection.wire.is_closed


async def test_an_idle_connection_is_closed_at_the_end(connection: Connection) -> None:
    await connection.send(a_request())

    connection.protocol.shutdown()

    assert connection.wire.is_closed


async def test_a_caller_who_has_gone_gets_nothing_and_the_endpoint_goes_on(
    connection: Connection,
) -> None:
    connection.desk.may_answer.clear()
    await connection.send(a_request())

    connection.protocol.connection_lost(None)
    connection.desk.may_answer.set()

    assert await connection.rest() == b""
    assert connection.wire.late == []
    assert connection.desk.finished == 1
    assert connection.state.tasks == set()
    assert connection.state.connections == set()


async def test_a_caller_who_goes_in_the_middle_of_a_body_is_no_defect(
    connection: Connection,
) -> None:
    await connection.send(chunked()[:-4])

    with capture_logs() as logs:
        connection.protocol.connection_lost(None)
        await connection.rest()

    assert ["ordinary"] == connection.desk.ways
    assert connection.desk.finished == 0
    assert logs == []


async def test_nothing_is_written_while_the_caller_does_not_read(connection: Connection) -> None:
    connection.protocol.pause_writing()

    early = await connection.send(a_request())
    connection.protocol.resume_writing()

    assert early == b""
    assert bodies(await connection.rest()) == [b'"hello"']


async def test_garbage_behind_a_call_is_refused_and_ends_the_connection(
    connection: Connection,
) -> None:
    answer = await connection.send(a_request() + b"\x00garbage\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert connection.wire.is_closed
    assert connection.desk.finished == 1


async def test_a_call_cut_off_at_the_very_end_closes_its_connection(
    connection: Connection,
) -> None:
    connection.desk.may_answer.clear()
    await connection.send(a_request())

    (task,) = connection.state.tasks
    task.cancel()
    answer = await connection.rest()

    assert answer == b""
    assert connection.wire.is_closed
