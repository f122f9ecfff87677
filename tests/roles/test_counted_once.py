"""What nobody was sent, for its claim was refused, counts once for them when it is tried again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendwell.domain.budget import Budget
from sendwell.domain.ids import UserId
from sendwell.domain.lane import Lane
from sendwell.domain.limits import OverLimit, Rate
from sendwell.domain.policy import Policy
from sendwell.messages.requested import To
from sendwell.roles.delivery.limits import Rates
from tests.roles.delivery_house import ACME, EMAIL, House, a_house, a_task

NAMES = ("ada", "bob", "eve")
MAILS = [f"{name}@example.org" for name in NAMES]
BUDGET = Policy(budget=Budget(1, OverLimit.DROP))


def to(name: str) -> tuple[To]:
    return (To(user_id=UserId(name), email=f"{name}@example.org"),)


@pytest.fixture(params=["budget", "RATE_LIMIT_USER"])
async def house(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """Each person may be sent one message today; what is more is dropped."""
    is_budget = request.param == "budget"
    async with a_house(tmp_path, defaults=BUDGET if is_budget else None) as house:
        if not is_budget:
            house.limits.use(Rates(person=Rate.parse("1/d"), person_drops=True))
        yield house


async def test_whose_plan_was_refused_is_sent_what_is_planned_again(house: House) -> None:
    """And that has counted: the next one is over the limit."""
    orchestrator = house.with_planner()
    tasks = [a_task(mail, to=to(name)) for name, mail in zip(NAMES, MAILS, strict=True)]
    requests = [task.request for task in tasks]
    more = a_task("ada", to=to("ada"))
    await house.database.commit(house.journal.copied([*requests, more.request]))

    async with house.at_work():
        house.database.refusals = 1
        await orchestrator._plan(requests)
        assert {"SENT"} == {*(await house.ends(tasks)).values()}
        await orchestrator._plan([more.request])
        await house.ends([*tasks, more])

    assert MAILS == sorted(house.vendors[EMAIL].got)
    assert (await house.ended())[more.request.position] == "SUPPRESSED"


async def test_whose_claim_was_refused_is_sent_what_waits(house: House) -> None:
    """However often that was; and that has counted."""
    (left,) = await house.leave(MAILS[0], to=to("ada"))
    house.dispatchers[EMAIL].ready.recover(Lane.MEDIUM, ACME)
    house.database.refusals = 2

    async with house.at_work():
        assert {"SENT"} == {*(await house.ends([left])).values()}
        (more,) = await house.plan(MAILS[0], to=to("ada"))
        await house.ends([left, more])

    assert MAILS[:1] == house.vendors[EMAIL].got
    assert (await house.ended())[more.request.position] == "SUPPRESSED"
