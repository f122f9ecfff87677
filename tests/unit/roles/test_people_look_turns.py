"""Many people of one tenant hold up no other's, and who comes meanwhile is looked for too."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.directory import Changed
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.held import HeldPlace, HeldWork
from sendwell.roles.delivery.people_look import PeopleLook
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.sweeps import MOST_NAMED
from sendwell.runtime.timers import Timers

ACME, BETA = TenantId("acme"), TenantId("beta")


def some(tenant: TenantId, count: int) -> list[Changed]:
    return [Changed(tenant, UserId(f"user-{number}")) for number in range(count)]


class Held:
    """Finds nothing, and knows who was looked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[TenantId, int]] = []
        self.swept: list[TenantId] = []
        self.meanwhile: list[Changed] = []
        self.look: PeopleLook | None = None

    async def tenants(self) -> list[TenantId]:
        return []

    async def is_there(self, _: TenantId) -> bool:
        return True

    async def of_people(
        self, tenant: TenantId, users: Collection[UserId], *, limit: int
    ) -> list[int]:
        del limit
        self.asked.append((tenant, len(users)))
        meanwhile, self.meanwhile = self.meanwhile, []
        for each in meanwhile:
            assert self.look is not None
            self.look.changed(each)
        return []

    async def of_nobody_alone(self, tenant: TenantId, **_: Any) -> list[HeldPlace]:
        del tenant
        return []

    async def of_tenant(self, tenant: TenantId, **_: Any) -> list[HeldPlace]:
        self.swept.append(tenant)
        return []

    async def load(self, _: Collection[int]) -> list[Any]:
        return []


async def looked(held: Held, *changed: Changed, until: Any) -> None:
    """It has looked for these, and for whoever came meanwhile."""
    held.look = PeopleLook(
        cast("DeliveryStore", held),
        cast("HeldWork", held),
        cast("Gate", None),
        settle=lambda _: None,
        timers=cast("Timers", None),
        clock=SystemClock(),
    )
    for each in changed:
        held.look.changed(each)
    looking = asyncio.create_task(held.look.run())
    async with asyncio.timeout(10):
        while not until() and not looking.done():
            await asyncio.sleep(0.01)
    assert not looking.done(), looking.exception()
    looking.cancel()


async def test_tenants_take_turns_however_many_people_have_changed() -> None:
    held = Held()

    await looked(held, *some(ACME, 1_200), *some(BETA, 1), until=lambda: len(held.asked) == 4)

    assert held.asked == [(ACME, 500), (BETA, 1), (ACME, 500), (ACME, 200)]


async def test_so_many_who_change_while_others_are_looked_for_are_swept_for() -> None:
    held = Held()
    held.meanwhile = some(BETA, MOST_NAMED + 1)

    await looked(held, *some(ACME, 1), *some(BETA, 1), until=lambda: held.swept == [BETA])

    assert held.asked == [(ACME, 1), (BETA, 1)]
