"""How often a delivery is tried depends on its channel, and on whether another may follow."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sendwell.domain.backoff import Jitter, RetryPolicy
from sendwell.domain.outcome import Blame, Deferred, Fault
from sendwell.domain.policy import Policy
from sendwell.domain.retries import Retries
from sendwell.messages.requested import To
from tests.roles.delivery_house import CLOCK, EMAIL, SMS, House, a_house

AWAY = Deferred(Fault("http_503", "It is being deployed.", Blame.ADDRESS))
PHONE = "+436641234567"
BOTH = (To(phone=PHONE, email="ada@example.org"),)
SOON = RetryPolicy(attempts=1, base=timedelta(milliseconds=1), cap=timedelta(milliseconds=1))
PATIENT = RetryPolicy(attempts=4, base=SOON.base, cap=SOON.cap)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    retries = Retries(SOON, patient={SMS: PATIENT})
    async with a_house(tmp_path, defaults=Policy(retries=retries)) as house:
        house.vendors[SMS].answers[PHONE] = AWAY
        yield house


async def tries_of(house: House, **wanted: Any) -> int:
    async with house.at_work():
        tasks = await house.plan(PHONE, channel=SMS, **wanted)
        await house.ends(tasks)
    return len(house.vendors[SMS].got)


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"channels": (SMS,)},
        {"to": BOTH, "channels": (SMS, EMAIL)},
        {"to": BOTH, "channels": (EMAIL, SMS), "is_fallback": True},
    ],
    ids=["one address", "one channel", "all at once", "the last one"],
)
async def test_what_nothing_can_follow_is_tried_patiently(
    house: House, wanted: dict[str, Any]
) -> None:
    assert PATIENT.attempts == await tries_of(house, **wanted)


@pytest.mark.parametrize(
    "wanted",
    [{"channels": (SMS, EMAIL), "is_fallback": True}, {}],
    ids=["the first of two", "any channel"],
)
async def test_what_another_channel_may_follow_is_tried_as_usual(
    house: House, wanted: dict[str, Any]
) -> None:
    assert SOON.attempts == await tries_of(house, to=BOTH, **wanted)


async def test_a_number_that_is_set_while_it_runs_holds_at_once(house: House) -> None:
    own = replace(PATIENT, attempts=2)
    house.tenants.use_defaults(Policy(retries=Retries(SOON, own={SMS: own})))

    assert own.attempts == await tries_of(house)


async def test_what_expires_before_its_next_attempt_ends_then(tmp_path: Path) -> None:
    hours = RetryPolicy(attempts=9, base=timedelta(hours=1), jitter=Jitter.NONE)
    defaults = Policy(retries=Retries(SOON, own={SMS: hours}))
    async with a_house(tmp_path, defaults=defaults) as house:
        house.vendors[SMS].answers[PHONE] = AWAY
        async with house.at_work():
            soon = CLOCK.now() + 1_500_000
            tasks = await house.plan(PHONE, channel=SMS, expires_at=soon)
            ends = await house.ends(tasks)

    assert {"EXPIRED"} == set(ends.values())
