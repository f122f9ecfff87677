"""Parcels as rows of the bus on PostgreSQL, and their way there."""

import asyncio
from collections.abc import Sequence

import pytest

from sendwell.adapters.bus.postgres.parcels import LARGEST_BODY, check, news_of, row
from sendwell.adapters.bus.postgres.publisher import Entry, Publisher
from sendwell.adapters.bus.postgres.sharing import SHARDS
from sendwell.domain.errors import Invalid, TooLarge, Unavailable
from sendwell.ports.bus import Parcel


def entries(count: int, *, size: int = 1, stream: str = "status") -> list[Entry]:
    return [(stream, Parcel(f"{n}", "", bytes(size))) for n in range(count)]


class Table:
    """Keeps what was stored together; while it is `away`, nothing is."""

    def __init__(self) -> None:
        self.commits: list[Sequence[Entry]] = []
        self.is_away = False

    async def store(self, entries: Sequence[Entry]) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise Unavailable("It is away.")
        self.commits.append(entries)


def test_a_key_stays_in_its_shard_and_keys_spread() -> None:
    shards = [row(1, Parcel(f"{n}", f"key-{n % 500}", b"")).shard for n in range(1000)]

    assert shards[:500] == shards[500:]
    assert set(range(SHARDS)) == set(shards)


def test_parcels_without_a_key_spread_by_their_ids() -> None:
    assert len({row(1, Parcel(f"{n}", "", b"")).shard for n in range(1000)}) == SHARDS


def test_news_name_each_shard_once() -> None:
    rows = [row(stream, Parcel("id", "key", b"")) for stream in (1, 1, 2)]

    assert {1: 1 << rows[0].shard, 2: 1 << rows[0].shard} == news_of(rows)


@pytest.mark.parametrize(
    "parcel", [Parcel("a\0", "", b""), Parcel("", "a\0", b""), Parcel("\ud800", "", b"")]
)
def test_what_postgresql_has_no_characters_for_is_invalid(parcel: Parcel) -> None:
    with pytest.raises(Invalid):
        check(parcel)


def test_the_largest_body_passes_and_no_larger_one() -> None:
    check(Parcel("id", "key", bytes(LARGEST_BODY)))

    with pytest.raises(TooLarge):
        check(Parcel("id", "key", bytes(LARGEST_BODY + 1)))


async def test_what_comes_while_a_commit_is_under_way_is_the_next_one() -> None:
    table = Table()
    publisher = Publisher(table.store)
    first = asyncio.ensure_future(publisher.publish(entries(1)))
    await asyncio.sleep(0)

    rest = [publisher.publish(entries(3)) for _ in range(5)]
    await asyncio.gather(first, *rest)

    assert [1, 15] == [len(commit) for commit in table.commits]


async def test_a_call_that_is_too_large_for_one_commit_is_stored_in_order_by_several() -> None:
    table = Table()

    await Publisher(table.store).publish(sent := [*entries(5_000), *entries(3, size=5_000_000)])

    assert sent == [entry for commit in table.commits for entry in commit]
    sizes = [sum(len(parcel.body) for _, parcel in commit) for commit in table.commits]
    assert max(len(commit) for commit in table.commits) == 2_000
    assert max(sizes) < 10_000_000


async def test_all_callers_of_a_commit_hear_that_it_failed_and_the_next_one_works() -> None:
    table = Table()
    publisher = Publisher(table.store)
    table.is_away = True

    failed = [publisher.publish(entries(1)) for _ in range(3)]
    results = await asyncio.gather(*failed, return_exceptions=True)
    table.is_away = False
    await publisher.publish(entries(1))

    assert [Unavailable] * 3 == [type(result) for result in results]
    assert len(table.commits) == 1


async def test_a_commit_outlives_whoever_asked_for_it() -> None:
    table = Table()
    publisher = Publisher(table.store)

    asking = asyncio.ensure_future(publisher.publish(entries(1)))
    await asyncio.sleep(0)
    asking.cancel()
    await publisher.close()

    assert [1] == [len(commit) for commit in table.commits]


async def test_a_closed_publisher_takes_nothing() -> None:
    publisher = Publisher(Table().store)
    await publisher.close()

    with pytest.raises(Unavailable):
        await publisher.publish(entries(1))


async def test_a_line_that_is_too_long_takes_nothing_more() -> None:
    publisher = Publisher(Table().store)
    waiting = asyncio.ensure_future(publisher.publish(entries(100_001)))
    await asyncio.sleep(0)

    with pytest.raises(Unavailable):
        await publisher.publish(entries(1))
    await waiting
