"""What every kind of signals promises."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection

from sendwell.ports.database import Write
from tests.conformance.signals import Process, by_postgres, by_redis
from tests.services.needs import needs


@pytest.fixture(
    params=[
        pytest.param(("postgres_url", by_postgres), marks=needs("postgres"), id="postgres"),
        pytest.param(("redis_url", by_redis), marks=needs("redis"), id="redis"),
    ]
)
async def processes(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Sequence[Process]]:
    fixture, opens = request.param
    url = request.getfixturevalue(fixture)
    async with AsyncExitStack() as stack:
        folders = [tmp_path / "one", tmp_path / "other"]
        for folder in folders:
            folder.mkdir()
        yield [await stack.enter_async_context(opens(url, folder)) for folder in folders]


async def test_every_process_hears_what_one_of_them_tells(processes: Sequence[Process]) -> None:
    one, other = processes

    await one.change("acme\nada", "acme\n")

    for process in (one, other):
        assert {await process.hears(), await process.hears()} == {"acme\nada", "acme\n"}


async def test_words_of_one_process_are_heard_in_their_order(processes: Sequence[Process]) -> None:
    one, other = processes

    for number in range(20):
        await one.change(f"{number}")

    assert [await other.hears() for _ in range(20)] == [f"{number}" for number in range(20)]


async def test_nothing_is_heard_of_another_topic(processes: Sequence[Process]) -> None:
    one, other = processes

    await one.change("not for us", topic="templates")
    await one.change("for us")

    assert await other.hears() == "for us"


async def test_who_tells_nothing_is_not_heard(processes: Sequence[Process]) -> None:
    one, other = processes

    await one.change()
    await one.change("last")

    assert await other.hears() == "last"


async def test_a_thousand_words_at_once_are_heard_or_everything_is_in_doubt(
    processes: Sequence[Process],
) -> None:
    one, other = processes
    words = {f"acme\nuser-{number}" for number in range(1_000)}

    await one.change(*words)
    await one.change("last")

    heard = set(await other.hears_until("last"))
    assert words <= heard or None in heard


async def test_nothing_is_heard_of_a_unit_that_failed(processes: Sequence[Process]) -> None:
    one, other = processes

    with pytest.raises(ZeroDivisionError):
        await one.change("never", unit=[Write(_fail, [1])])
    await one.change("last")

    assert await other.hears() == "last"


def _fail(connection: Connection, items: Sequence[int]) -> None:
    del connection
    raise ZeroDivisionError(items)
