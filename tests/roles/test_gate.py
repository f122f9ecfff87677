"""What the tenant has decided holds at planning, and at the last look before a send."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from sendwell.domain.admission import GO, Hold, Stop, Verdict
from sendwell.domain.consent import Preferences, parse_preferences
from sendwell.domain.instant import instant_of, microseconds_of
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import State
from sendwell.domain.policy import Policy
from sendwell.domain.priority import PriorityRule
from sendwell.domain.quiet_hours import parse_quiet_hours
from sendwell.messages.task import Task
from sendwell.ports.catalogue import Catalogue
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.orchestrator.planner import Ended, Planner
from sendwell.roles.users.store import UserStore
from sendwell.roles.users.store.topics import Topic
from tests.roles.delivery_house import ACME, House, a_house, a_task

ADDRESS = "ada@example.org"
NIGHT = parse_quiet_hours({"windows": [{"from": "22:00", "to": "07:00"}]})
LATE_IN_TOKYO = datetime(2026, 6, 1, 14, 0, tzinfo=UTC)
MORNING_IN_TOKYO = datetime(2026, 6, 1, 22, 0, tzinfo=UTC)
IN_TOKYO = Policy(timezone="Asia/Tokyo", preference_defaults=Preferences(quiet_hours=NIGHT))
ALARMS = PriorityRule("alarm*", Lane.HIGH, "security", is_critical=True)
OFF = parse_preferences({"categories": {"security": False}})


async def at_the_send(
    house: House, tasks: Sequence[Task], now: datetime = LATE_IN_TOKYO
) -> list[Verdict]:
    """What the gate says of each."""
    gate = Gate(house.users, house.tenants, channels=house.vendors)
    return [each.verdict for each in await gate.check(tasks, microseconds_of(now))]


async def at_planning(house: House, **changes: Any) -> Verdict:
    """What the planner says of a request."""
    users, tenants = house.users, house.tenants
    planner = Planner(users, cast("Catalogue", None), tenants, channels=house.vendors)
    request = a_task(ADDRESS, **changes).request
    known = await planner.look_up([request], microseconds_of(LATE_IN_TOKYO))
    (planned,) = planner.plan(request, known)
    if isinstance(planned, Ended):
        return planned.stop
    if planned.state is State.PENDING:
        return GO
    return Hold(instant_of(planned.due), planned.reason or "")


@pytest.mark.parametrize("about", [("news", None), (None, "news")], ids=["first", "last"])
async def test_a_topics_mode_holds_beside_messages_without_a_topic(
    tmp_path: Path, about: Sequence[str | None]
) -> None:
    async with a_house(tmp_path) as house:
        topic = Topic("news", "News", "", is_opt_in=True)
        await UserStore(house.database).topics.put(ACME, topic, now=0)

        said = await at_the_send(house, [a_task(ADDRESS, topic=topic) for topic in about])

    assert ["consent" if topic else None for topic in about] == [
        each.rule if isinstance(each, Stop) else None for each in said
    ]


async def test_a_tenants_default_that_is_off_by_now_holds_at_the_send(tmp_path: Path) -> None:
    defaults = parse_preferences({"categories": {"marketing": False}})
    async with a_house(tmp_path, defaults=Policy(preference_defaults=defaults)) as house:
        (said,) = await at_the_send(house, [a_task(ADDRESS, category="marketing")])

    assert isinstance(said, Stop)
    assert said.rule == "consent"
    assert said.text.startswith("By the tenant's defaults")


async def test_quiet_hours_of_somebody_without_a_zone_are_those_of_the_tenants_zone(
    tmp_path: Path,
) -> None:
    async with a_house(tmp_path, defaults=IN_TOKYO) as house:
        held = await at_the_send(house, [a_task(ADDRESS)])
        by_day = await at_the_send(house, [a_task(ADDRESS)], MORNING_IN_TOKYO)
        planned = await at_planning(house)

    night = Hold(MORNING_IN_TOKYO, "quiet_hours")
    assert ([night], [GO], night) == (held, by_day, planned)


async def test_what_is_critical_passes_an_opt_out_and_quiet_hours_twice(tmp_path: Path) -> None:
    defaults = Preferences(opted_out=OFF.opted_out, quiet_hours=NIGHT)
    policy = Policy((ALARMS,), timezone="Asia/Tokyo", preference_defaults=defaults)
    async with a_house(tmp_path, defaults=policy) as house:
        alarm, news = (
            a_task(ADDRESS, event_type=event_type, category="security")
            for event_type in ("alarm_on", "news")
        )
        sent = await at_the_send(house, [alarm, news])
        planned = [
            await at_planning(house, category="security", is_critical=is_critical)
            for is_critical in (True, False)
        ]

    assert [GO, GO] == [sent[0], planned[0]]
    assert all(isinstance(each, Stop) for each in (sent[1], planned[1]))
