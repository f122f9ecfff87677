"""What a delivery counts for, and what becomes of it when that is reached."""

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.domain.budget import Budget
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.domain.limits import Limit, OverLimit, Rate
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule
from sendwell.domain.tenant_limits import TenantLimits
from sendwell.messages.requested import Requested, To
from sendwell.messages.task import Task
from sendwell.roles.delivery.counted import Counted
from sendwell.roles.delivery.limits import Limits, Passage, Rates
from sendwell.roles.delivery.over import Over, Reach
from sendwell.roles.delivery.own_limits import case_of

ACME, BETA, TEST = TenantId("acme"), TenantId("beta"), TenantId("acme.test")
IN_HOUSE = {TEST: Policy(is_sandboxed=True)}
EMAIL, SMS = ChannelName("email"), ChannelName("sms")
CRITICAL = (PriorityRule("alarm", Lane.HIGH, is_critical=True),)
ONE_A_DAY = Policy(CRITICAL, budget=Budget(1))
A_DAY = Rate.parse("1/d")
LORD_HOWE = "Australia/Lord_Howe"
NOON = datetime(2026, 4, 4, 1, 0, tzinfo=UTC)
"""In Lord Howe: the day before the clocks are put back by half an hour."""


positions = count(1)


def a_passage(
    *,
    tenant: TenantId = ACME,
    channel: ChannelName = EMAIL,
    timezone: str | None = None,
    **more: Any,
) -> Passage:
    to = more.pop("to", To(user_id=UserId("ada")))
    request = Requested(
        id=NotificationId("n"),
        tenant=tenant,
        position=Position(next(positions)),
        accepted_at=0,
        event_type="alarm" if more.pop("is_critical", False) else "test",
        lane=Lane.MEDIUM,
        to=(to,),
    )
    task = Task(request, "0.email", 0, channel, planned_at=0, **more)
    return Passage(task, "smtp", timezone)


def some_limits(rates: Rates | None = None, **policies: Policy) -> Limits:
    return Limits(
        MemoryLimiter(), rates or Rates(), policy=lambda tenant: policies.get(tenant, Policy())
    )


@pytest.mark.parametrize(
    ("rates", "is_alike"),
    [
        (Rates(person=A_DAY), True),
        (Rates(person=A_DAY, everything=A_DAY, channel={EMAIL: A_DAY}), True),
        (Rates(person=A_DAY, person_drops=True), False),
        (Rates(person=Rate.parse("10/d")), False),
        (Rates(), False),
    ],
)
def test_only_another_limit_of_a_person_holds_other_deliveries(
    rates: Rates, *, is_alike: bool
) -> None:
    assert some_limits(Rates(person=A_DAY)).holds_alike(rates) is is_alike


async def taken(limits: Limits, at: datetime, *passages: Passage) -> Sequence[Over | None]:
    return await limits.take(passages, int(at.timestamp() * 1e6))


async def test_a_person_over_their_budget_waits_for_the_same_wall_time_of_their_next_day() -> None:
    limits = some_limits(acme=ONE_A_DAY)
    passage = a_passage(timezone=LORD_HOWE)

    first, second = await taken(limits, NOON, passage, passage)
    (next_day,) = await taken(limits, NOON + timedelta(hours=24.5), passage)

    assert (first, next_day) == (None, None)
    assert second is not None
    assert (second.reach, second.rule, second.drops) == (Reach.DELIVERY, "budget", False)
    turn = datetime.fromtimestamp(second.until / 1e6, UTC)
    assert turn - NOON == timedelta(hours=24.5)
    zone = ZoneInfo(LORD_HOWE)
    assert turn.astimezone(zone).time() == NOON.astimezone(zone).time()


async def test_a_day_ends_at_midnight_where_the_person_is() -> None:
    limits = some_limits(acme=ONE_A_DAY)
    before = datetime(2026, 6, 1, 13, 0, tzinfo=UTC)  # 23:30 there

    def there_and_here() -> tuple[Passage, Passage]:
        return a_passage(timezone=LORD_HOWE), a_passage(to=To(user_id=UserId("bob")))

    await taken(limits, before, *there_and_here())

    after_an_hour = await taken(limits, before + timedelta(hours=1), *there_and_here())

    assert [each is None for each in after_an_hour] == [True, False]


@pytest.mark.parametrize(
    "free",
    [
        a_passage(is_critical=True),
        a_passage(to=To(email="ada@example.org")),
        a_passage(attempt=1),
        a_passage(tenant=BETA),
    ],
    ids=["critical", "a bare address", "a retry", "another tenant"],
)
async def test_what_does_not_count_for_the_budget_passes_it(free: Passage) -> None:
    limits = some_limits(acme=ONE_A_DAY)

    assert await taken(limits, NOON, free, free, a_passage()) == [None, None, None]
    assert await taken(limits, NOON, free) == [None]


@pytest.mark.parametrize(
    ("rates", "policy"),
    [(Rates(), ONE_A_DAY), (Rates(person=Rate.parse("1/d")), Policy())],
    ids=["budget", "RATE_LIMIT_USER"],
)
async def test_what_asks_again_before_it_is_claimed_counts_once_a_day_for_its_person(
    rates: Rates, policy: Policy
) -> None:
    limits = some_limits(rates, acme=policy)
    passage = a_passage()
    again = passage._replace(task=copy(passage.task))

    assert await taken(limits, NOON, passage) == [None]
    assert await taken(limits, NOON + timedelta(hours=1), again) == [None]
    assert await taken(limits, NOON + timedelta(hours=1), a_passage()) != [None]

    next_day, second = await taken(limits, NOON + timedelta(days=2), again, a_passage())
    assert next_day is None
    assert second is not None


async def test_what_asks_again_before_it_is_claimed_counts_for_all_others() -> None:
    limits = some_limits(Rates(channel={EMAIL: Rate.parse("1/h")}), acme=ONE_A_DAY)
    passage = a_passage()
    await taken(limits, NOON, passage)

    (over,) = await taken(limits, NOON, passage)

    assert over is not None
    assert (over.reach, over.rule) == (Reach.MANY, "rate_limit.channel")
    assert await taken(limits, NOON + timedelta(hours=1), passage) == [None]


async def test_what_was_refused_counts_when_it_asks_again() -> None:
    limits = some_limits(acme=ONE_A_DAY)
    late = a_passage()

    _, over = await taken(limits, NOON, a_passage(), late)

    assert over is not None
    assert await taken(limits, NOON, late) == [over]


async def test_what_is_claimed_is_remembered_no_longer() -> None:
    limits = some_limits(acme=ONE_A_DAY)
    passage = a_passage()
    await taken(limits, NOON, passage)

    limits.claimed([passage.task])

    assert await taken(limits, NOON, passage) != [None]


def test_of_very_many_that_are_never_claimed_the_last_are_remembered() -> None:
    counted = Counted(most=2)
    cases = [case_of(a_passage().task, None, ONE_A_DAY) for _ in range(3)]

    counted.add(cases, 0)

    spared = [case.spared for case in counted.leave_out(cases, 0)]
    assert spared == [UserId("ada"), None, None]


async def test_a_budget_that_drops_says_so() -> None:
    limits = some_limits(acme=Policy(budget=Budget(1, OverLimit.DROP)))

    _, second = await taken(limits, NOON, a_passage(), a_passage(channel=SMS))

    assert second is not None
    assert (second.reach, second.drops) == (Reach.DELIVERY, True)


async def test_what_another_limit_refuses_takes_nothing_from_the_budget() -> None:
    policy = Policy(budget=Budget(1), limits=TenantLimits(channels={SMS: Limit.parse("1/h")}))
    limits = some_limits(acme=policy)
    bob = a_passage(to=To(user_id=UserId("bob")), channel=SMS)

    _, over = await taken(limits, NOON, bob, a_passage(channel=SMS))

    assert over is not None
    assert (over.reach, over.who, over.rule) == (Reach.MANY, ACME, "limits.channels.sms")
    assert await taken(limits, NOON, a_passage()) == [None]


async def test_over_a_limit_that_drops_only_what_is_critical_waits() -> None:
    policy = Policy(CRITICAL, limits=TenantLimits(Limit.parse("1/h drop")))
    limits = some_limits(acme=policy)
    await taken(limits, NOON, a_passage())

    usual, critical = await taken(limits, NOON, a_passage(), a_passage(is_critical=True))

    assert usual is not None
    assert critical is not None
    assert (usual.reach, usual.drops, usual.rule) == (Reach.DELIVERY, True, "limits.tenant")
    assert (critical.reach, critical.drops) == (Reach.MANY, False)


@pytest.mark.parametrize(
    ("rates", "reach", "who", "rule"),
    [
        (Rates(everything=Rate.parse("1/h")), Reach.MANY, None, "rate_limit.global"),
        (Rates(channel={EMAIL: Rate.parse("1/h")}), Reach.MANY, None, "rate_limit.channel"),
        (Rates(lane={Lane.MEDIUM: Rate.parse("1/h")}), Reach.MANY, Lane.MEDIUM, "rate_limit.lane"),
        (Rates(tenant=Rate.parse("1/h")), Reach.MANY, ACME, "rate_limit.tenant"),
        (Rates(person=Rate.parse("1/h")), Reach.DELIVERY, None, "rate_limit.person"),
        (Rates(provider={"smtp": Rate.parse("1/h")}), Reach.ACCOUNT, None, "rate_limit.provider"),
    ],
)
async def test_each_limit_of_the_installation_holds_up_whom_it_counts(
    rates: Rates, reach: Reach, who: Any, rule: str
) -> None:
    first, second = await taken(some_limits(rates), NOON, a_passage(), a_passage())

    assert first is None
    assert second is not None
    assert (second.reach, second.who, second.rule) == (reach, who, rule)


@pytest.mark.parametrize(
    "rates",
    [
        Rates(everything=Rate.parse("1/h")),
        Rates(channel={EMAIL: Rate.parse("1/h")}),
        Rates(lane={Lane.MEDIUM: Rate.parse("1/h")}),
    ],
    ids=["global", "channel", "lane"],
)
async def test_what_stays_in_the_house_counts_for_no_limit_of_all(rates: Rates) -> None:
    limits = some_limits(rates, **IN_HOUSE)
    test = a_passage(tenant=TEST)

    tests_first = await taken(limits, NOON, test, test, a_passage())
    live, tests_last = await taken(limits, NOON, a_passage(), test)

    assert tests_first == [None, None, None]
    assert live is not None
    assert tests_last is None


@pytest.mark.parametrize(
    ("rates", "rule"),
    [
        (Rates(tenant=Rate.parse("1/h")), "rate_limit.tenant"),
        (Rates(person=Rate.parse("1/h")), "rate_limit.person"),
    ],
)
async def test_what_stays_in_the_house_counts_for_limits_of_its_own(
    rates: Rates, rule: str
) -> None:
    limits = some_limits(rates, **IN_HOUSE)

    first, second = await taken(limits, NOON, a_passage(tenant=TEST), a_passage(tenant=TEST))

    assert first is None
    assert second is not None
    assert second.rule == rule


@given(
    st.integers(1, 3),
    st.lists(
        st.tuples(
            st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=8)),
            st.sampled_from([EMAIL, SMS]),
            st.integers(0, 1),
        ),
        max_size=30,
    ),
)
async def test_first_attempts_of_a_day_never_exceed_the_budget(
    per_day: int, course: list[tuple[timedelta, ChannelName, int]]
) -> None:
    limits = some_limits(acme=Policy(budget=Budget(per_day)))
    zone, now, passed = ZoneInfo(LORD_HOWE), NOON, dict[Any, int]()

    for pause, channel, attempt in course:
        now += pause
        passage = a_passage(channel=channel, attempt=attempt, timezone=LORD_HOWE)
        (over,) = await taken(limits, now, passage)
        if over is None and not attempt:
            day = now.astimezone(zone).date()
            passed[day] = passed.get(day, 0) + 1
        assert over is None or not attempt

    assert all(count <= per_day for count in passed.values())
