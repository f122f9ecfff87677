"""Leases of the Limiter port, run over every adapter."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sendwell.domain.lease import Lease, Wish, lease
from sendwell.domain.limits import ALLOWED, Rate
from tests.conformance.limiters import CASES, NOW, SECOND, Makes, Opens, a_demand

PROCESSES = 3
HOURLY = Rate.parse("1000/h")
PACE = HOURLY.interval_us


@pytest.fixture(params=[pytest.param(case, id=case.name, marks=case.marks) for case in CASES])
def opens(request: pytest.FixtureRequest) -> Opens:
    case = request.param
    url = request.getfixturevalue(f"{case.server}_url") if case.server else ""
    return lambda: case.opens(url)


@pytest.fixture
async def make(opens: Opens) -> AsyncIterator[Makes]:
    async with opens() as make:
        yield make


async def test_a_lease_counts_for_everybody_at_once(make: Makes) -> None:
    mine, theirs = make(), make()

    first = await mine.lease([Wish("a", HOURLY, 600)], NOW)
    second = await theirs.lease([Wish("a", HOURLY, 600)], NOW)

    assert list(first) == [Lease(600, NOW + 600 * PACE)]
    assert list(second) == [Lease(400, NOW + 1000 * PACE)]


async def test_leases_and_demands_take_from_the_same(make: Makes) -> None:
    limiter = make()

    await limiter.lease([Wish("a", HOURLY, 999)], NOW)
    answers = await limiter.take([a_demand("a", rate="1000/h")] * 2, NOW)

    assert [answer == ALLOWED for answer in answers] == [True, False]


async def test_no_wish_and_many_wishes_are_answered_in_order(make: Makes) -> None:
    limiter = make()
    wishes = [Wish(f"key:{n}", HOURLY, n % 7) for n in range(2_500)]

    assert list(await limiter.lease([], NOW)) == []
    assert [leased.granted for leased in await limiter.lease(wishes, NOW)] == [
        wish.count for wish in wishes
    ]


async def test_processes_that_lease_at_once_get_no_more_than_there_is(make: Makes) -> None:
    limiters = [make() for _ in range(PROCESSES)]

    leases = await asyncio.gather(
        *(limiters[n % PROCESSES].lease([Wish("a", HOURLY, 20, 50)], NOW) for n in range(90))
    )

    assert sum(leased.granted for (leased,) in leases) == 1000


WISHES = st.builds(
    Wish,
    st.sampled_from(["a", "b"]),
    st.just(Rate.parse("300/s burst 400")),
    st.integers(0, 450),
    st.integers(0, 9),
    st.integers(0, 40),
)
CALLS = st.lists(
    st.tuples(
        st.integers(0, PROCESSES - 1),
        st.integers(-2 * SECOND, 2 * SECOND),
        st.lists(WISHES, max_size=2, unique_by=lambda wish: wish.key),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # it opens a new one each time
)
@given(calls=CALLS)
def test_whichever_process_asks_every_lease_is_the_one_that_the_domain_decides(
    opens: Opens, calls: Sequence[tuple[int, int, Sequence[Wish]]]
) -> None:
    async def compare() -> None:
        tats: dict[str, int] = {}
        now = NOW
        async with opens() as make:
            limiters = [make() for _ in range(PROCESSES)]
            for process, passed, wishes in calls:
                now += passed
                expected = [lease(tats.get(wish.key), wish, now=now) for wish in wishes]
                tats |= {wish.key: each.tat for wish, each in zip(wishes, expected, strict=True)}

                assert expected == list(await limiters[process].lease(wishes, now))

    asyncio.run(compare())
