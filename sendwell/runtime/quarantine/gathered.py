"""The quarantines of all services as one list, newest first."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

import structlog

from sendwell.domain.errors import NotFound, Unavailable
from sendwell.domain.ids import TenantId
from sendwell.ports.quarantine import Kept, KeptInFull, Narrowed, Quarantined, Shelf

log = structlog.get_logger()
Places = Mapping[str, int]
"""By service: the number of the last message that was shown."""


@dataclass(frozen=True, slots=True)
class Gathering:
    """A page. `behind` is where the next one begins, if there is one; each message with who has it.

    `incomplete` names the services that could not be asked.
    """

    found: Sequence[tuple[str, Kept]]
    behind: Places | None
    incomplete: Sequence[str]


class Gathered:
    """Asks every service by its name; the first one is this one."""

    def __init__(self, services: Mapping[str, Quarantined]) -> None:
        self._services = services
        self._here = next(iter(services))

    async def page(
        self, tenant: TenantId, narrowed: Narrowed, *, behind: Places, limit: int
    ) -> Gathering:
        """Behind those places, what the services know that can be asked."""
        names = list(self._services)
        shelves = await asyncio.gather(
            *(self._shelf(name, tenant, narrowed, behind.get(name), limit) for name in names)
        )
        known = dict(zip(names, shelves, strict=True))
        entries = merge(*_each_once(known), key=lambda entry: -entry[1].at)
        found = list(islice(entries, limit + 1))
        shown = found[:limit]
        last = {name: kept.id for name, kept in shown}
        return Gathering(
            shown,
            {**behind, **last} if len(found) > limit else None,
            [name for name, shelf in known.items() if shelf is None],
        )

    async def find(self, tenant: TenantId, number: int, *, service: str | None) -> KeptInFull:
        """One message of that service, or of this one. Raises NotFound and Unavailable."""
        found = self._services.get(service or self._here)
        if found is None:
            raise NotFound(f"There is no service {service!r} with a quarantine.")
        return await found.find(tenant, number)

    @property
    def here(self) -> str:
        """What this service is called."""
        return self._here

    async def _shelf(  # noqa: PLR0917 - one step of `page`
        self, name: str, tenant: TenantId, narrowed: Narrowed, before: int | None, limit: int
    ) -> Shelf | None:
        try:
            return await self._services[name].page(tenant, narrowed, before=before, limit=limit + 1)
        except Unavailable as error:
            log.warning("quarantine.incomplete", service=name, why=error.message)
            return None


def _each_once(shelves: Mapping[str, Shelf | None]) -> list[list[tuple[str, Kept]]]:
    """What each has; services that share a database have the same."""
    seen: dict[str, list[tuple[str, Kept]]] = {}
    for name, shelf in shelves.items():
        if shelf is not None:
            seen.setdefault(shelf.database or name, [(name, kept) for kept in shelf.kept])
    return list(seen.values())
