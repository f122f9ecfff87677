"""Planning alone: what is decided for people who have chosen nothing, and for people who have.

python -m benchmarks.people_plan --rounds 200
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import uvloop

from benchmarks.people_file import choosy, plain
from benchmarks.people_lookup import TENANT, fill, opened
from sendwell.adapters.system import SystemClock
from sendwell.channels import all_channels
from sendwell.domain.consent import parse_preferences
from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.domain.policy import Policy
from sendwell.messages.requested import Content, Requested, To
from sendwell.ports.database import Database
from sendwell.ports.tenants import Caller
from sendwell.roles.orchestrator.planner import Planner
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore

_AT_ONCE = 200
_DEFAULTS = parse_preferences({"categories": {"survey": False}})
CASES: dict[str, tuple[Callable[[int], Iterator[str]], Policy]] = {
    "without": (plain, Policy()),
    "with": (choosy, Policy(preference_defaults=_DEFAULTS)),
}


@dataclass(frozen=True, slots=True)
class OneTenant:
    """A tenant that has these rules, and no templates."""

    rules: Policy

    async def caller(self, key: str) -> Caller:
        return Caller(TENANT, key)

    def policy(self, _: TenantId) -> Policy:
        return self.rules

    async def version(self, *_: object) -> None:
        return None

    def flaws(self, *_: object) -> list[Flaw]:
        return []


def requests(people: int) -> Iterator[list[Requested]]:
    """One message for each person, some hundred at a time."""
    for first in range(0, people, _AT_ONCE):
        yield [_request(number) for number in range(first, min(people, first + _AT_ONCE))]


def _request(number: int) -> Requested:
    return Requested(
        id=NotificationId(f"n-{number}"),
        tenant=TENANT,
        position=Position(number),
        accepted_at=1,
        event_type="order_shipped",
        lane=2,
        to=(To(user_id=UserId(f"person-{number}")),),
        channels=(ChannelName("email"),),
        category="orders",
        content=Content(subject="Hello", text="It is on its way."),
    )


async def rate(planner: Planner, batches: Sequence[list[Requested]]) -> float:
    """Requests planned in a second of processor time, everybody being remembered."""
    clock, done, begun = SystemClock(), 0, time.process_time()
    for batch in batches:
        known = await planner.look_up(batch, clock.now())
        done += sum(len(planner.plan(request, known)) for request in batch)
    return done / (time.process_time() - begun)


async def measure(*, people: int, rounds: int) -> dict[str, float]:
    """The cases by turns, so that both see the machine at the same moments; their medians."""
    batches = list(requests(people))
    found: dict[str, list[float]] = {case: [] for case in CASES}
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            planners = {}
            for case in CASES:
                file = Path(folder, f"{case}.sqlite")
                database = await stack.enter_async_context(opened(None, file))
                planners[case] = await _planner(case, database, people)
            for _ in range(rounds):
                for case, planner in planners.items():
                    found[case].append(await rate(planner, batches))
    return {case: median(rates) for case, rates in found.items()}


async def _planner(case: str, database: Database, people: int) -> Planner:
    lines, policy = CASES[case]
    users = Users(UserStore(database), clock=SystemClock())
    await fill(users, lines(people))
    tenant = OneTenant(policy)
    return Planner(users, tenant, tenant, channels=all_channels())


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.people_plan", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    print(json.dumps(uvloop.run(measure(people=options.people, rounds=options.rounds))))


if __name__ == "__main__":
    main()
