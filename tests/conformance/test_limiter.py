"""The contract of the Limiter port, run over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.domain.limits import ALLOWED, Answer, Rate, decide
from sendwell.ports.limiter import Limiter
from tests.conformance.limiters import CASES, NOW, SECOND, Makes, Opens, a_demand

PROCESSES = 3


@pytest.fixture(params=[pytest.param(case, id=case.name, marks=case.marks) for case in CASES])
def opens(request: pytest.FixtureRequest) -> Opens:
    case = request.param
    url = request.getfixturevalue(f"{case.server}_url") if case.server else ""
    return lambda: case.opens(url)


@pytest.fixture
async def make(opens: Opens) -> AsyncIterator[Makes]:
    async with opens() as make:
        yield make


@pytest.fixture
def limiter(make: Makes) -> Limiter:
    return make()


async def test_a_burst_passes_and_the_rest_is_told_when_to_come_back(limiter: Limiter) -> None:
    answers = await limiter.take([a_demand("user")] * 3, NOW)

    assert [ALLOWED, ALLOWED, Answer("user", NOW + SECOND // 2)] == list(answers)


async def test_what_passed_before_counts_for_later_calls(limiter: Limiter) -> None:
    await limiter.take([a_demand("user")] * 2, NOW)

    too_soon = await limiter.take([a_demand("user")], NOW + SECOND // 2 - 1)
    in_time = await limiter.take([a_demand("user")], NOW + SECOND // 2)

    assert [Answer("user", NOW + SECOND // 2)] == list(too_soon)
    assert list(in_time) == [ALLOWED]


async def test_a_refused_demand_takes_nothing_from_its_other_keys(limiter: Limiter) -> None:
    await limiter.take([a_demand("tenant")] * 2, NOW)

    await limiter.take([a_demand("user", "tenant")] * 9, NOW)
    answers = await limiter.take([a_demand("user")] * 2, NOW)

    assert list(answers) == [ALLOWED, ALLOWED]


async def test_keys_do_not_count_for_each_other(limiter: Limiter) -> None:
    await limiter.take([a_demand("a:user")] * 2, NOW)

    assert list(await limiter.take([a_demand("b:user")], NOW)) == [ALLOWED]


async def test_an_empty_batch_and_a_demand_without_keys_are_answered(limiter: Limiter) -> None:
    assert list(await limiter.take([], NOW)) == []
    assert list(await limiter.take([()], NOW)) == [ALLOWED]
    assert list(await limiter.take([(), a_demand("user"), ()], NOW)) == [ALLOWED] * 3


async def test_a_key_that_is_named_twice_counts_once(limiter: Limiter) -> None:
    answers = await limiter.take([a_demand("user", "user")] * 3, NOW)

    assert [ALLOWED, ALLOWED, Answer("user", NOW + SECOND // 2)] == list(answers)


async def test_a_key_may_be_any_text(limiter: Limiter) -> None:
    keys = ["person:a b:ñ\n'\"", "person:日本:😀", "person:{x}:%s:$1"]

    first = await limiter.take([a_demand(*keys)] * 2, NOW)
    second = await limiter.take([a_demand(key) for key in keys], NOW)

    assert list(first) == [ALLOWED, ALLOWED]
    assert [answer.key for answer in second] == keys


async def test_the_slowest_rates_are_counted_to_the_microsecond(limiter: Limiter) -> None:
    slow, long = a_demand("slow", rate="1/3650d"), a_demand("long", rate="7/3649d")

    await limiter.take([slow, *[long] * 7], NOW)
    answers = await limiter.take([slow, long], NOW + 1)

    ten_years = 3650 * 86_400 * SECOND
    assert [
        Answer("slow", NOW + ten_years),
        Answer("long", NOW + Rate.parse("7/3649d").interval_us),
    ] == list(answers)


async def test_a_clock_that_was_set_back_does_not_shut_a_key_for_as_long(
    limiter: Limiter,
) -> None:
    await limiter.take([a_demand("user")] * 2, NOW + 3600 * SECOND)

    answers = await limiter.take([a_demand("user")] * 2, NOW)

    assert answers == [ALLOWED, Answer("user", NOW + SECOND // 2)]


async def test_more_demands_than_fit_into_one_question_are_decided_in_order(
    limiter: Limiter,
) -> None:
    demands = [a_demand(f"user:{n}", "all", rate="1500/s") for n in range(2000)]

    answers = await limiter.take(demands, NOW)

    assert [answer.key for answer in answers] == [None] * 1500 + ["all"] * 500


async def test_a_single_demand_may_have_very_many_keys(limiter: Limiter) -> None:
    keys = [f"user:{n}" for n in range(3000)]

    answers = await limiter.take([a_demand(*keys, rate="1/s")] * 2, NOW)

    assert [None, "user:0"] == [answer.key for answer in answers]


async def test_calls_made_at_once_let_no_more_through_than_one_after_the_other(
    make: Makes,
) -> None:
    limiters = [make() for _ in range(PROCESSES)]

    calls = [
        limiters[n % PROCESSES].take([a_demand("user", "all", rate="100/s")] * 7, NOW)
        for n in range(30)
    ]
    answers = [answer for taken in await asyncio.gather(*calls) for answer in taken]

    assert answers.count(ALLOWED) == 100


KEYS = st.lists(st.sampled_from(["tenant", "user:1", "user:2", "sms"]), unique=True, max_size=4)
RATES = {"tenant": "9/s", "user:1": "2/s", "user:2": "3/s burst 1", "sms": "5/s burst 8"}
CALLS = st.lists(
    st.tuples(st.integers(0, PROCESSES - 1), st.integers(0, SECOND), st.lists(KEYS, max_size=6)),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it opens a new one each time
)
@given(calls=CALLS)
def test_whichever_process_asks_every_answer_is_the_one_that_the_domain_decides(
    opens: Opens, calls: Sequence[tuple[int, int, Sequence[Sequence[str]]]]
) -> None:
    async def compare() -> None:
        tats: dict[str, int] = {}
        now = NOW
        async with opens() as make:
            limiters = [make() for _ in range(PROCESSES)]
            for process, passed, keys in calls:
                now += passed
                demands = [[(key, Rate.parse(RATES[key])) for key in taken] for taken in keys]
                expected = decide(tats, demands, now=now)
                tats |= expected.tats

                assert expected.answers == list(await limiters[process].take(demands, now))

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
