"""The contract of the Limiter port, run over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.domain.limits import ALLOWED, Answer, Rate, decide
from sendwell.ports.limiter import Demand, Limiter

NOW = 1_800_000_000_000_000
SECOND = 1_000_000

Opens = Callable[[], AbstractAsyncContextManager[Limiter]]
"""Gives a limiter that has counted nothing yet, for as long as the context lasts."""


@asynccontextmanager
async def memory() -> AsyncIterator[Limiter]:
    yield MemoryLimiter()


ADAPTERS: Sequence[Opens] = (memory,)
every_adapter = pytest.mark.parametrize("opens", ADAPTERS, ids=lambda opens: opens.__name__)


def a_demand(*keys: str, rate: str = "2/s") -> Demand:
    return tuple((key, Rate.parse(rate)) for key in keys)


@every_adapter
async def test_a_burst_passes_and_the_rest_is_told_when_to_come_back(opens: Opens) -> None:
    async with opens() as limiter:
        answers = await limiter.take([a_demand("user")] * 3, NOW)

        assert [ALLOWED, ALLOWED, Answer("user", NOW + SECOND // 2)] == list(answers)


@every_adapter
async def test_what_passed_before_counts_for_later_calls(opens: Opens) -> None:
    async with opens() as limiter:
        await limiter.take([a_demand("user")] * 2, NOW)

        too_soon = await limiter.take([a_demand("user")], NOW + SECOND // 2 - 1)
        in_time = await limiter.take([a_demand("user")], NOW + SECOND // 2)

        assert [Answer("user", NOW + SECOND // 2)] == list(too_soon)
        assert list(in_time) == [ALLOWED]


@every_adapter
async def test_a_refused_demand_takes_nothing_from_its_other_keys(opens: Opens) -> None:
    async with opens() as limiter:
        await limiter.take([a_demand("tenant")] * 2, NOW)

        await limiter.take([a_demand("user", "tenant")] * 9, NOW)
        answers = await limiter.take([a_demand("user")] * 2, NOW)

        assert list(answers) == [ALLOWED, ALLOWED]


@every_adapter
async def test_keys_do_not_count_for_each_other(opens: Opens) -> None:
    async with opens() as limiter:
        await limiter.take([a_demand("a:user")] * 2, NOW)

        assert list(await limiter.take([a_demand("b:user")], NOW)) == [ALLOWED]


@every_adapter
async def test_an_empty_batch_and_a_demand_without_keys_are_answered(opens: Opens) -> None:
    async with opens() as limiter:
        assert list(await limiter.take([], NOW)) == []
        assert list(await limiter.take([()], NOW)) == [ALLOWED]


@every_adapter
async def test_calls_made_at_once_let_no_more_through_than_one_after_the_other(
    opens: Opens,
) -> None:
    async with opens() as limiter:
        calls = [limiter.take([a_demand("user", "all", rate="100/s")] * 7, NOW) for _ in range(30)]
        answers = [answer for taken in await asyncio.gather(*calls) for answer in taken]

        assert answers.count(ALLOWED) == 100


KEYS = st.lists(st.sampled_from(["tenant", "user:1", "user:2", "sms"]), unique=True, max_size=4)
RATES = {"tenant": "9/s", "user:1": "2/s", "user:2": "3/s burst 1", "sms": "5/s burst 8"}
BATCHES = st.lists(
    st.tuples(st.integers(0, SECOND), st.lists(KEYS, max_size=6)), min_size=1, max_size=8
)


@every_adapter
@settings(max_examples=40, deadline=None)
@given(batches=BATCHES)
def test_every_answer_is_the_one_that_the_domain_decides(
    opens: Opens, batches: Sequence[tuple[int, Sequence[Sequence[str]]]]
) -> None:
    async def compare() -> None:
        tats: dict[str, int] = {}
        now = NOW
        async with opens() as limiter:
            for passed, keys in batches:
                now += passed
                demands = [[(key, Rate.parse(RATES[key])) for key in taken] for taken in keys]
                expected = decide(tats, demands, now=now)
                tats |= expected.tats

                assert expected.answers == list(await limiter.take(demands, now))

    asyncio.run(compare())


async def test_memory_forgets_first_the_keys_whose_burst_is_whole_again() -> None:
    limiter = MemoryLimiter(capacity=10)
    await limiter.take([a_demand(f"old:{n}") for n in range(9)], NOW)
    later = NOW + 10 * SECOND

    await limiter.take([a_demand("busy")] * 2, later)
    await limiter.take([a_demand("new")], later)

    assert len(limiter) == 2
    assert (await limiter.take([a_demand("busy")], later))[0].key == "busy"


async def test_memory_keeps_its_bound_and_forgets_last_what_was_used_most() -> None:
    limiter = MemoryLimiter(capacity=100)
    await limiter.take([a_demand("busy")] * 2, NOW)

    for n in range(1000):
        await limiter.take([a_demand(f"user:{n}")], NOW)

        assert len(limiter) <= 100
    assert (await limiter.take([a_demand("busy")], NOW))[0].key == "busy"
