"""What is counted has been stored, and what is shown is so now."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sendwell.domain.breaker import Breaker, BreakerPolicy
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import COUNTER_BITS, Node, Position
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Deferred, Fault, Refused
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.roles.delivery.rows import Claim
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime import measures
from sendwell.runtime.flow import Message
from sendwell.runtime.scene import Scene
from sendwell.telemetry.names import REGISTRY
from tests.roles.delivery_house import CLOCK, EMAIL, EPOCH, House, a_house, a_task

GONE = Refused(Fault("550", "There is no such person.", Blame.ADDRESS))
LATER = Deferred(Fault("503", "It is down."))
GOOD, BAD = "good@example.org", "bad@example.org"
SENT = "sendwell_delivery_moves_total", {"channel": EMAIL, "state": "SENT"}
RETRYING = "sendwell_delivery_moves_total", {"channel": EMAIL, "state": "RETRYING"}
DEAD = "sendwell_delivery_moves_total", {"channel": EMAIL, "state": "DEAD"}
LATENCY = "sendwell_delivery_latency_seconds_count", {"channel": EMAIL, "lane": "medium"}
SECONDS = "sendwell_delivery_latency_seconds_sum", {"channel": EMAIL, "lane": "medium"}
LETTERS = "sendwell_dead_letters_total", {"channel": EMAIL, "cause": "invalid_address"}
ACCEPTED = "sendwell_notifications_accepted_total", {"lane": "medium"}
HOUR_MS = 3_600_000


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        house.flow.listen(Requested, measures.on_requested)
        house.flow.listen(Status, measures.on_status)
        house.flow.listen(Dead, measures.on_dead)
        yield house


async def test_what_is_settled_after_some_tries_is_counted_once(house: House) -> None:
    vendor, before = house.vendors[EMAIL], [_read(*each) for each in (SENT, DEAD, LATENCY, LETTERS)]
    vendor.answers[BAD] = GONE
    vendor.is_free.clear()

    async with house.at_work():
        tasks = await house.plan(GOOD, BAD)
        await house.until(lambda: len(vendor.got) == len(tasks))
        house.database.refusals = 4
        vendor.is_free.set()
        assert await house.ends(tasks) == {GOOD: "SENT", BAD: "DEAD"}

    after = [_read(*each) for each in (SENT, DEAD, LATENCY, LETTERS)]
    assert [count + 1 for count in before] == after


async def test_what_is_accepted_after_a_failure_is_counted_once(house: House) -> None:
    async def store(batch: Sequence[Requested], scene: Scene) -> Sequence[Message]:
        scene.write(house.journal.copied(batch))
        return ()

    house.flow.listen(Requested, store)
    before, request = _read(*ACCEPTED), a_task(GOOD).request
    house.database.refusals = 1

    with pytest.raises(Unavailable):
        await house.flow.run([request])
    await house.flow.run([request])

    assert before + 1 == _read(*ACCEPTED)


@pytest.mark.parametrize(
    ("waited", "is_late"),
    [
        ({}, True),
        ({"state": State.SCHEDULED, "reason": "send_at"}, False),
        ({"state": State.HELD, "reason": "quiet_hours"}, False),
        ({"state": State.RETRYING, "reason": "503", "attempt": 1}, False),
        ({"part": f"0.{EMAIL}.r1", "replay_of": f"0.{EMAIL}"}, False),
    ],
)
async def test_what_was_not_to_go_out_before_is_not_late(
    house: House, waited: dict[str, Any], is_late: bool
) -> None:
    before = _read(*SECONDS)
    task = _of_an_hour_ago(**waited)
    await house.put_on_disk([task])
    await house.delivery.recover()

    async with house.at_work():
        await house.ends([task])
        await house.until(lambda: _read(*SECONDS) > before)

    assert is_late is (_read(*SECONDS) - before >= HOUR_MS / 1_000)


@pytest.mark.parametrize(
    ("waited", "is_late"),
    [({}, True), ({"state": State.SCHEDULED, "reason": "send_at"}, False)],
)
async def test_what_was_late_before_it_failed_is_late_when_it_goes_out(
    house: House, waited: dict[str, Any], is_late: bool
) -> None:
    vendor, seconds, retries = house.vendors[EMAIL], _read(*SECONDS), _read(*RETRYING)
    vendor.answers[GOOD] = LATER
    task = _of_an_hour_ago(**waited)
    await house.put_on_disk([task])
    await house.delivery.recover()

    async with house.at_work():
        await house.until(lambda: _read(*RETRYING) > retries)
        vendor.answers.clear()
        await house.ends([task])
        await house.until(lambda: _read(*SECONDS) > seconds)

    assert is_late is (_read(*SECONDS) - seconds >= HOUR_MS / 1_000)


async def test_what_another_process_died_with_is_due_from_when_that_had_it_in_hand(
    tmp_path: Path,
) -> None:
    seconds, another, earlier = _read(*SECONDS), Node(3), EPOCH - 1
    task = _of_an_hour_ago(state=State.SCHEDULED, reason="send_at")
    async with a_house(tmp_path, defaults=Policy(resends_unknown={EMAIL: True})) as house:
        house.flow.listen(Status, measures.on_status)
        await house.put_on_disk([task], node=another)
        died = DeliveryStore(house.database, house.journal, node=another)
        await died.claim([Claim(task.work, "vendor", CLOCK.now(), earlier)], is_urgent=False)

        async with house.at_work():
            await house.delivery.adopt(another)
            await house.ends([task])
            await house.until(lambda: _read(*SECONDS) > seconds)

    assert _read(*SECONDS) - seconds < HOUR_MS / 1_000


async def test_an_account_that_no_route_names_any_more_is_not_shown(house: House) -> None:
    exchange, vendor = house.dispatchers[EMAIL].exchange, house.vendors[EMAIL]
    known = {"first": vendor, "second": vendor}
    exchange.use(Route.parse("first,second"), known)
    first, now = exchange.accounts[0], int(CLOCK.elapsed() * 1e6)
    first.breaker = Breaker(BreakerPolicy(failures=1)).after_failure(now)
    house.delivery.observe()
    before = _breaker("first"), _breaker("second")

    exchange.use(Route.parse("second"), known)
    house.delivery.observe()

    assert ((1, 0), (None, 0)) == (before, (_breaker("first"), _breaker("second")))


def _breaker(account: str) -> float | None:
    labels = {"channel": EMAIL, "provider": account}
    return REGISTRY.get_sample_value("sendwell_breaker_open", labels)


def _read(name: str, labels: dict[str, str]) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0


def _of_an_hour_ago(**waited: Any) -> Task:
    """Accepted then; where it had to wait, for until now."""
    now = CLOCK.now()
    task = a_task(GOOD, position=Position((now // 1_000 - HOUR_MS) << COUNTER_BITS))
    due = now if "state" in waited else 0
    return msgspec.structs.replace(task, due=due, **waited)
