"""How the HTTP client keeps its connections: when they are used again, shared out and closed."""

import asyncio
from datetime import timedelta

import pytest

from sendwell.adapters.http import Code, HttpClient, Limits, Trusted
from sendwell.adapters.system import SystemClock
from sendwell.domain.outcome import Deferred, Unknown
from sendwell.ports.http import HttpAnswer
from tests.conformance.http_calls import SOON, a_client, a_request, code_of
from tests.conformance.http_server import Talk, ok, saying, saying_once, serving, silence


async def test_a_connection_is_used_again() -> None:
    async with serving(saying(ok(b"1"), ok(b"2"), ok(b"3"))) as server, a_client() as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(3)]

    assert [answer.body for answer in answers] == [b"1", b"2", b"3"]  # type: ignore[union-attr]
    assert server.connections == 1


async def test_a_connection_that_the_server_wants_closed_is_not_used_again() -> None:
    async with serving(saying(ok(b"", b"connection: close"))) as server, a_client() as client:
        for _ in range(2):
            await client.exchange(a_request(server.url()))

    assert server.connections == 2


async def test_a_connection_that_the_server_keeps_for_a_second_only_is_not_used_again() -> None:
    async with serving(saying(ok(b"", b"Keep-Alive: timeout=1"))) as server, a_client() as client:
        for _ in range(2):
            await client.exchange(a_request(server.url()))

    assert server.connections == 2


async def test_what_nobody_asked_for_ends_a_connection() -> None:
    async with serving(saying(ok(b"mine") + ok(b"stray"))) as server, a_client() as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(2)]

    assert answers == [HttpAnswer(200, {"content-length": "4"}, b"mine")] * 2
    assert server.connections == 2


async def test_garbage_after_a_complete_answer_does_not_spoil_it() -> None:
    async with serving(saying(ok(b"mine") + b"\0garbage")) as server, a_client() as client:
        answers = [await client.exchange(a_request(server.url())) for _ in range(2)]

    assert answers == [HttpAnswer(200, {"content-length": "4"}, b"mine")] * 2
    assert server.connections == 2


async def test_an_idle_connection_that_speaks_up_is_closed() -> None:
    is_idle = asyncio.Event()

    async def script(talk: Talk) -> None:
        await saying_once(ok())(talk)
        await is_idle.wait()
        await talk.say(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await talk.until_gone()

    async with serving(script) as server, a_client() as client:
        await client.exchange(a_request(server.url()))
        is_idle.set()
        await server.until(lambda: server.open == 0)

        answer = await client.exchange(a_request(server.url()))

    assert isinstance(answer, HttpAnswer)
    assert answer.status == 200


async def test_an_idle_connection_is_closed_after_a_while() -> None:
    limits = Limits(idle=timedelta(milliseconds=30))
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        await client.exchange(a_request(server.url()))

        await server.until(lambda: server.open == 0)

        assert isinstance(await client.exchange(a_request(server.url())), HttpAnswer)
        assert server.connections == 2


async def test_more_exchanges_than_connections_wait_in_the_order_of_coming() -> None:
    limits = Limits(connections_per_host=2)
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        requests = [a_request(server.url(), body=b"%02d" % number) for number in range(20)]

        answers = await asyncio.gather(*(client.exchange(request) for request in requests))

    assert all(isinstance(answer, HttpAnswer) for answer in answers)
    assert server.peak == 2
    arrived = [int(request[-2:]) for request in server.requests]
    assert all(abs(place - number) < 2 for place, number in enumerate(arrived))


async def test_waiting_in_line_counts_towards_the_time_out() -> None:
    limits = Limits(connections_per_host=1)
    async with serving(silence) as server, a_client(limits=limits) as client:
        first = asyncio.create_task(client.exchange(a_request(server.url(), timeout=2 * SOON)))
        await server.until(lambda: server.connections == 1)

        outcome = await client.exchange(a_request(server.url(), body=b"second", timeout=SOON))
        await first

    assert code_of(outcome, Deferred) == Code.CROWDED
    assert len(server.requests) == 1


async def test_there_are_never_many_idle_connections_in_all() -> None:
    limits = Limits(connections=2)
    async with (
        serving(saying(ok())) as one,
        serving(saying(ok())) as two,
        serving(saying(ok())) as three,
        a_client(limits=limits) as client,
    ):
        for server in (one, two, three):
            await client.exchange(a_request(server.url()))

        await one.until(lambda: one.open == 0)

        assert [one.open, two.open, three.open] == [0, 1, 1]


async def test_a_cancelled_exchange_closes_its_connection_and_gives_its_turn_back() -> None:
    limits = Limits(connections_per_host=1)
    async with serving(silence) as server, a_client(limits=limits) as client:
        abandoned = asyncio.create_task(client.exchange(a_request(server.url())))
        await server.until(lambda: len(server.requests) == 1 or server.open == 1)

        abandoned.cancel()
        await server.until(lambda: server.open == 0)
        next_one = await client.exchange(a_request(server.url(), timeout=SOON))

    assert abandoned.cancelled()
    assert isinstance(next_one, Unknown)
    assert server.connections == 2


@pytest.mark.parametrize("turns_of_the_loop", range(12))
async def test_an_exchange_may_be_cancelled_at_any_moment(turns_of_the_loop: int) -> None:
    limits = Limits(connections_per_host=1)
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        exchange = asyncio.create_task(client.exchange(a_request(server.url())))
        for _ in range(turns_of_the_loop):
            await asyncio.sleep(0)

        exchange.cancel()
        await asyncio.wait([exchange])

        assert isinstance(await client.exchange(a_request(server.url())), HttpAnswer)


async def test_one_who_stops_waiting_in_line_leaves_no_gap() -> None:
    limits = Limits(connections_per_host=1)
    async with serving(saying(ok())) as server, a_client(limits=limits) as client:
        exchanges = [
            asyncio.create_task(client.exchange(a_request(server.url()))) for _ in range(3)
        ]
        await asyncio.sleep(0)

        exchanges[1].cancel()
        answers = await asyncio.gather(exchanges[0], exchanges[2])

    assert all(isinstance(answer, HttpAnswer) for answer in answers)
    assert len(server.requests) == 2


async def test_close_ends_idle_connections() -> None:
    async with serving(saying(ok())) as server:
        async with a_client() as client:
            await client.exchange(a_request(server.url()))
            was_open = server.open

        await server.until(lambda: server.open == 0)

    assert was_open == 1


async def test_close_waits_for_open_exchanges() -> None:
    go_on = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.hear()
        await go_on.wait()
        await talk.say(ok(b"late"))
        await talk.until_gone()

    async with serving(script) as server, a_client() as client:
        exchange = asyncio.create_task(client.exchange(a_request(server.url())))
        await server.until(lambda: server.open == 1)

        closing = asyncio.create_task(client.close())
        await asyncio.sleep(0)
        refused = await client.exchange(a_request(server.url()))
        assert not closing.done()
        go_on.set()
        await closing

        assert await exchange == HttpAnswer(200, {"content-length": "4"}, b"late")
        assert code_of(refused, Deferred) == Code.CLOSING


async def test_close_may_be_called_twice_and_without_any_exchange() -> None:
    client = HttpClient(policy=Trusted(), clock=SystemClock())

    await client.close()
    await client.close()

    refused = await client.exchange(a_request("http://127.0.0.1:9/"))
    assert code_of(refused, Deferred) == Code.CLOSING
