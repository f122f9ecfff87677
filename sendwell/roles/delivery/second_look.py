"""Asks again what is held of tenants whose rules have changed, or those of the installation."""

import asyncio

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.domain.policy import Policy, holds_alike
from sendwell.ports.clock import Clock
from sendwell.roles.delivery.held import HeldPlace, HeldWork
from sendwell.runtime.timers import Timers

log = structlog.get_logger()
_CHUNK = 500
_A_MOMENT_SECONDS = 0.5
"""Until what the old rules have just decided is on disk, or the database is back."""


class SecondLook:
    """What a rule holds would wait for a time that the changed rules no longer name.

    So it is made due at once, a chunk at a time, and asked again like everything that is due: what
    the new rules hold as well goes back to waiting.
    """

    def __init__(self, held: HeldWork, timers: Timers, clock: Clock) -> None:
        self._held = held
        self._timers = timers
        self._clock = clock
        self._tenants: set[TenantId | None] = set()
        """None stands for all of whom anything is held."""
        self._arrived = asyncio.Event()

    def rules_changed(self, tenant: TenantId, before: Policy, after: Policy) -> None:
        """Look again at what is held of the tenant, if the change can matter to it."""
        if not holds_alike(before, after):
            self._look_soon(tenant)

    def look_at_all(self) -> None:
        """Look again at what is held of everybody."""
        self._look_soon(None)

    async def run(self) -> None:
        """Look again, tenant by tenant, for ever."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(_A_MOMENT_SECONDS)
            self._arrived.clear()
            while self._tenants:
                tenant = self._tenants.pop()
                try:
                    await self._look_at(tenant)
                except Unavailable as error:
                    log.warning("delivery.not_looked_again", tenant=tenant, error=error.message)
                    self._look_soon(tenant)
                    break

    def _look_soon(self, tenant: TenantId | None) -> None:
        self._tenants.add(tenant)
        self._arrived.set()

    async def _look_at(self, tenant: TenantId | None) -> None:
        if tenant is None:
            self._tenants.update(await self._held.tenants())
            return
        place = HeldPlace()
        while page := await self._held.of_tenant(tenant, after=place, limit=_CHUNK):
            now = self._clock.now()
            for work in await self._held.hasten([each.work for each in page], now):
                self._timers.add(now, work)
            place = page[-1]
