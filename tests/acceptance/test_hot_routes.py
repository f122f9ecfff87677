"""The intake routes on the wire: whichever way the server takes inside, callers see the same."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from tests.acceptance.line import MANY, ONE, Answer, Line
from tests.acceptance.product import Product, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = {"to": {"email": "someone@example.org"}, "content": "Hello"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    async with running(tmp_path_factory.mktemp("data"), "--no-sample") as started:
        yield started


async def both_ways(
    product: Product, bodies: tuple[bytes, bytes], headers: Mapping[str, str], path: str = ONE
) -> tuple[Answer, Answer]:
    """The answers to a body of known length (the short way) and to chunks (the ordinary way)."""
    answers = []
    for body, is_chunked in zip(bodies, (False, True), strict=True):
        async with Line(product) as line:
            line.write(line.post(body, headers, path=path, is_chunked=is_chunked))
            answers.append(await line.answer())
    return answers[0], answers[1]


def a_body(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


@pytest.mark.parametrize(("path", "body"), [(ONE, a_body()), (MANY, b"[" + a_body() + b"]")])
async def test_an_answer_comes_in_one_packet(product: Product, path: str, body: bytes) -> None:
    async with Line(product) as line:
        for number in range(1, 4):
            line.write(line.post(body, path=path))
            assert (await line.answer()).status == 202

            assert number == line.packets()


@pytest.mark.parametrize("headers", [{}, {"Connection": "close"}, {"X-API-Key": "ignored"}])
async def test_both_ways_accept_with_the_same_answer(
    product: Product, headers: dict[str, str]
) -> None:
    names = [f"{way}-{len(str(headers))}" for way in ("a", "b")]

    hot, ordinary = await both_ways(product, (a_body(id=names[0]), a_body(id=names[1])), headers)

    assert hot.status == 202
    assert hot.raw.replace(names[0].encode(), names[1].encode()) == ordinary.raw
    assert (await product.settled(names[0], "SENT"))["id"] == names[0]


async def test_both_ways_say_the_same_of_a_repetition(product: Product) -> None:
    headers = {"Idempotency-Key": "order-7"}
    body = a_body(id="once")
    await both_ways(product, (body, body), headers)

    hot, ordinary = await both_ways(product, (body, body), headers)
    other_hot, other_ordinary = await both_ways(product, (b"{}", b"{}"), headers)

    assert b"idempotency-replayed: true" in hot.raw
    assert hot == ordinary
    assert (400, other_hot) == (other_hot.status, other_ordinary)


ITEMS = b"[" + b",".join([a_body(id="batch-1"), a_body(colour="red"), a_body(id="batch-1")]) + b"]"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ((ONE, a_body(colour="red"), {}), 400),
        ((ONE, b"", {}), 400),
        ((ONE, b"\xff", {}), 400),
        ((ONE, a_body(), {"Authorization": ""}), 401),
        ((ONE, a_body(), {"Authorization": "Bearer sw_wrong"}), 401),
        ((ONE, a_body(), {"Content-Encoding": "gzip"}), 400),
        ((ONE, a_body(), {"Idempotency-Key": "a" * 256}), 400),
        ((ONE, a_body(organization_id="other"), {}), 403),
        ((ONE, b'{"content": "' + b"x" * 1_100_000 + b'"}', {}), 413),
        ((MANY, b"[]", {}), 400),
        ((MANY, b"{}", {"Authorization": ""}), 401),
        ((MANY, b"[" + b",".join([b"{}"] * 1_001) + b"]", {}), 413),
    ],
)
async def test_both_ways_refuse_with_the_same_problem(
    product: Product, request_: tuple[str, bytes, dict[str, str]], status: int
) -> None:
    path, body, headers = request_

    hot, ordinary = await both_ways(product, (body, body), headers, path)

    assert hot.status == json.loads(hot.body)["status"] == status
    assert hot == ordinary


async def test_both_ways_name_the_request_in_a_problem(product: Product) -> None:
    for answer in await both_ways(product, (b"{}", b"{}"), {}):
        problem = json.loads(answer.body)

        assert (problem["instance"], problem["trace_id"]) == (ONE, "r-1")


@pytest.mark.parametrize(
    ("sent", "own", "kept"),
    [
        ("cart-7", None, "cart-7"),
        ("cart-7", "order-9", "order-9"),
        ("x" * 128, None, "x" * 128),
        ("x" * 129, None, None),
        ("two words", None, None),
    ],
)
async def test_both_ways_take_the_correlation_id_of_the_header_where_the_body_has_none(
    product: Product, sent: str, own: str | None, kept: str | None
) -> None:
    ids = [f"{way}-{len(sent)}-{own}" for way in ("hot", "ordinary")]
    hot, ordinary = (a_body(id=id_, correlation_id=own) for id_ in ids)

    await both_ways(product, (hot, ordinary), {"X-Correlation-ID": sent})

    found = [await product.get(f"/notifications/{id_}") for id_ in ids]
    assert [each["correlation_id"] for each in found] == ([kept] * 2 if kept else ids)


async def test_the_items_of_a_batch_share_the_correlation_id_of_its_header(
    product: Product,
) -> None:
    body = b"[" + a_body(id="shares") + b"," + a_body(id="has-own", correlation_id="own") + b"]"

    await both_ways(product, (body, body), {"X-Correlation-ID": "cart-8"}, MANY)

    found = [await product.get(f"/notifications/{id_}") for id_ in ("shares", "has-own")]
    assert [each["correlation_id"] for each in found] == ["cart-8", "own"]


async def test_both_ways_say_the_same_of_a_batch(product: Product) -> None:
    await both_ways(product, (ITEMS, ITEMS), {}, MANY)

    hot, ordinary = await both_ways(product, (ITEMS, ITEMS), {}, MANY)

    assert [item["status"] for item in json.loads(hot.body)["items"]] == [
        "duplicate",
        "refused",
        "duplicate",
    ]
    assert hot == ordinary


async def test_two_in_one_packet_are_answered_in_order(product: Product) -> None:
    async with Line(product) as line:
        line.write(line.post(a_body(id="pipe-1")) + line.post(a_body(id="pipe-2")))

        answers = [await line.answer(), await line.answer()]

    assert ["pipe-1", "pipe-2"] == [json.loads(answer.body)["id"] for answer in answers]


async def test_another_request_behind_one_is_answered_after_it(product: Product) -> None:
    async with Line(product) as line:
        line.write(line.post(a_body()) + b"GET /livez HTTP/1.1\r\nHost: here\r\n\r\n")

        answers = [await line.answer(), await line.answer()]

    assert [202, 200] == [answer.status for answer in answers]
    assert answers[1].body == b"ok"


async def test_many_requests_share_a_connection(product: Product) -> None:
    async with Line(product) as line:
        for _ in range(20):
            for is_chunked in (False, True):
                line.write(line.post(a_body(), is_chunked=is_chunked))
                assert (await line.answer()).status == 202


async def test_a_request_may_come_in_many_packets(product: Product) -> None:
    async with Line(product) as line:
        raw = line.post(a_body(id="in-pieces"))
        for start in range(0, len(raw), 7):
            line.write(raw[start : start + 7])
            await line.arrived()

        answer = await line.answer()

    assert "in-pieces" == json.loads(answer.body)["id"]


async def test_who_asks_first_is_told_to_continue(product: Product) -> None:
    async with Line(product) as line:
        body = a_body()
        raw = line.post(body, {"Expect": "100-continue"})
        line.write(raw[: -len(body)])
        told = await line.answer()
        line.write(body)

        answer = await line.answer()

    assert (100, 202) == (told.status, answer.status)


async def test_headers_may_be_written_in_any_case(product: Product) -> None:
    async with Line(product) as line:
        raw = line.post(a_body(), {"IDEMPOTENCY-KEY": "odd-1"})
        raw = raw.replace(b"Authorization", b"aUTHORIZATION").replace(b"Content-L", b"cONTENT-l")
        line.write(raw + raw)

        answers = [await line.answer(), await line.answer()]

    assert [202, 202] == [answer.status for answer in answers]
    assert b"idempotency-replayed: true" in answers[1].raw


async def test_a_connection_ends_when_its_caller_wants_that(product: Product) -> None:
    async with Line(product) as line:
        line.write(line.post(a_body(), {"Connection": "close"}))

        answer = await line.answer()

        assert b"\r\nconnection: close\r\n" in answer.raw
        assert await line.ends()


@pytest.mark.parametrize("is_same_packet", [True, False])
async def test_garbage_behind_a_request_gets_400_and_the_end(
    product: Product, is_same_packet: bool
) -> None:
    garbage = b"\x00\x01 not http\r\n\r\n"
    async with Line(product) as line:
        line.write(line.post(a_body()) + (garbage if is_same_packet else b""))
        if not is_same_packet:
            assert (await line.answer()).status == 202
            line.write(garbage)

        answer = await line.answer()

        assert answer.status == 400
        assert await line.ends()


async def test_a_caller_who_leaves_too_early_harms_nobody(product: Product) -> None:
    for number in range(20):
        async with asyncio.timeout(15):
            line = await Line(product).__aenter__()
            line.write(line.post(a_body(id=f"gone-{number}"), {"Idempotency-Key": str(number)}))
            await line.arrived()
            line.reset()

    async with Line(product) as line:
        line.write(line.post(a_body(id="still-here")))
        assert (await line.answer()).status == 202
    await product.settled("still-here", "SENT")
    assert (await product.get("/ledger"))["adds_up"]


async def test_what_is_under_way_at_sigterm_is_answered(tmp_path: Path) -> None:
    product = await Product(tmp_path, "--no-sample").start()
    async with Line(product) as line:
        raw = line.post(a_body())
        line.write(raw[:-5])
        await line.arrived()
        async with Line(product) as other:  # answered, so the first one's headers were read
            other.write(other.post(a_body()))
            assert (await other.answer()).status == 202

        product.process.send_signal(signal.SIGTERM)
        await until_deaf(product)
        line.write(raw[-5:])
        answer = await line.answer()

        assert answer.status == 503
        assert b"\r\nconnection: close\r\n" in answer.raw
        assert await line.ends()
    assert await product.gone() == 0


async def until_deaf(product: Product) -> None:
    """The product takes no new connections any more."""
    async with asyncio.timeout(15):
        while True:
            try:
                async with Line(product):
                    await asyncio.sleep(0.01)
            except OSError:
                return
