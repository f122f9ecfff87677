"""What ties the roles of a process to each other and to other services: open work, bus, copies."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sendwell.bootstrap.copying import Copying, open_copying
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.edge import Edge, open_edge
from sendwell.bootstrap.ports import KnownTenants
from sendwell.domain.presets.streams import LogicalStream
from sendwell.ports.work import Work
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.runtime.backlog import Planned
from sendwell.runtime.copies.copies import Copies
from sendwell.runtime.copies.plans import Plans


@dataclass(frozen=True, slots=True)
class Links:
    """The deliveries of this process, and how work comes from others and goes to them."""

    store: DeliveryStore
    edge: Edge | None
    copying: Copying | None
    plans: Plans | None
    """Where tasks go by a bus."""

    @property
    def copies(self) -> Copies | None:
        """What other services have told."""
        return self.copying.copies if self.copying else None

    @property
    def work(self) -> Work:
        """The open work of all services."""
        return self.copying.open_work if self.copying else self.store

    @property
    def planned(self) -> Planned:
        """What is planned already."""
        return self.plans.known if self.plans else self.store.planned

    @property
    def sweeps(self) -> Sequence[Callable[[int], Awaitable[None]]]:
        """What is to be forgotten in time."""
        return [each.sweep for each in (self.plans, self.copies) if each]

    async def open_among(self, positions: Sequence[int]) -> set[int]:
        """Those of these positions whose notification has open work, here or in a copy."""
        found = await self.store.open_among(positions)
        return found | await self.copying.open_work.open_among(positions) if self.copying else found

    async def consume(
        self,
        gateway: Gateway,
        orchestrator: Orchestrator,
        delivery: Delivery,
        *,
        tenants: KnownTenants,
    ) -> None:
        """Start the consumers of this process."""
        deliver = delivery.take_arrived
        if self.copying is not None:
            deliver = partial(self.copying.copies.take, deliver=deliver)
            await self.copying.consume(orchestrator, delivery)
        if self.edge is not None:
            await self.edge.consume(gateway, orchestrator, deliver, tenants=tenants)


async def open_links(core: Core, tenants: KnownTenants) -> Links:
    """Open the bus and the copies, where the settings have others beside this process."""
    store = DeliveryStore(core.database, core.journal, node=core.membership.node)
    edge = await open_edge(core, tenants.policy)
    copying = await open_copying(core, edge, store)
    plans = Plans(core.database) if edge and edge.carries(LogicalStream.TASK) else None
    return Links(store, edge, copying, plans)
