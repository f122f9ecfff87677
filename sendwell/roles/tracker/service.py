"""Answers what became of notifications."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendwell.domain.errors import NotFound
from sendwell.domain.ids import NotificationId, Part, Position, TenantId
from sendwell.domain.ledger import Ledger, balance
from sendwell.domain.lifecycle import State, derive
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.history import History
from sendwell.ports.journal import Filter, Records
from sendwell.ports.work import Work
from sendwell.roles.tracker.timeline import Event, timeline
from sendwell.roles.tracker.told import shown
from sendwell.runtime.portion import fitting

_LOOKS = 4
_MANY = 1_000_000
"""Deliveries; each look counts them all, which takes 0.2 s on SQLite."""
_DELIVERY_BYTES = 1024
"""What one counts for on a page: a request to a thousand is small, its deliveries are not."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A notification and where its deliveries stand, ended and open."""

    request: Requested
    deliveries: tuple[Status, ...]

    @property
    def status(self) -> State:
        """Derived from the deliveries."""
        return derive(
            ((Part.parse(each.part), each.state) for each in self.deliveries),
            falls_back=self.request.falls_back,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Notifications, newest first; more are behind the position `last`, where it is given."""

    shown: Sequence[Tracked]
    last: Position | None


class Tracker:
    """A thin reader over the journal and the open work: it keeps nothing of its own."""

    def __init__(self, records: Records, work: Work, history: History | None = None) -> None:
        self._records = records
        self._work = work
        self._history = history
        """Knows what the journal no longer has."""

    async def request(self, tenant: TenantId, notification: NotificationId) -> Requested:
        """The accepted request. Raises NotFound."""
        found = await self._records.find(tenant, notification)
        if found is None:
            raise _unknown(notification)
        return found

    async def find(self, tenant: TenantId, notification: NotificationId) -> Tracked:
        """One notification with its deliveries. Raises NotFound."""
        request = await self.request(tenant, notification)
        (tracked,) = await self._tracked(tenant, [request])
        return tracked

    async def deliveries(self, request: Requested) -> tuple[Status, ...]:
        """Where the deliveries of a request stand; there are none before it is planned."""
        (tracked,) = await self._tracked(request.tenant, [request])
        return tracked.deliveries

    async def timeline(self, tenant: TenantId, notification: NotificationId) -> list[Event]:
        """Every move with its reason, also of what only the history has. Raises NotFound."""
        request = await self._records.find(tenant, notification)
        if request is None:
            return await self._remembered(tenant, notification)
        # Open work first: what is settled between the two reads then shows twice, never not at all.
        open_work = await self._work.open(tenant, [request.position])
        outcomes = await self._records.outcomes(tenant, [request.position])
        moves = await self._records.moves(tenant, request.position)
        ended = {status.part for status in outcomes}
        return timeline(request, outcomes, moves, [w for w in open_work if w.part not in ended])

    async def _remembered(self, tenant: TenantId, notification: NotificationId) -> list[Event]:
        if self._history is not None and (
            events := await self._history.of_notification(tenant, notification)
        ):
            return [shown(event) for event in events]
        raise _unknown(notification)

    async def page(
        self, tenant: TenantId, narrowed: Filter, *, before: Position | None, limit: int
    ) -> Page:
        """Those with a delivery that matches; fewer than `limit` where they are long or to many, or
        rare: then maybe none.
        """
        look = limit + 1
        found = await self._records.positions(tenant, narrowed, before=before, limit=look)
        positions = {*found.positions}
        if narrowed.status or narrowed.channel:
            work = await self._work.positions(tenant, narrowed, before=before, limit=look)
            positions.update(each for each in work if each >= (found.down_to or 0))
        newest = sorted(positions, reverse=True)[:look]
        requests = fitting(await self._records.at(tenant, newest[:limit]), _weight)
        is_cut = bool(requests) and requests[-1].position > newest[-1]
        last = requests[-1].position if is_cut else found.down_to
        return Page(await self._tracked(tenant, requests), last)

    async def ledger(self, tenant: TenantId) -> Ledger:
        """Accepted against what became of it, in deliveries.

        The two sides are read one after the other: while deliveries move in between, again, unless
        there are very many.
        """
        ledger = await self._balance(tenant)
        for _ in range(_LOOKS - 1):
            if ledger.difference == 0 or ledger.accepted > _MANY:
                break
            ledger = await self._balance(tenant)
        return ledger

    async def _balance(self, tenant: TenantId) -> Ledger:
        open_counts = await self._work.open_counts(tenant)
        planned, ended = await self._records.counts(tenant)
        return balance(planned, _states(open_counts), _states(ended))

    async def _tracked(self, tenant: TenantId, requests: Sequence[Requested]) -> list[Tracked]:
        deliveries: dict[Position, Sequence[Status]] = {}
        moved = [request.position for request in requests]
        for _ in range(_LOOKS):
            found, moved = await self._look(tenant, moved)
            deliveries |= found
            if not moved:
                break
        return [Tracked(request, tuple(deliveries[request.position])) for request in requests]

    async def _look(
        self, tenant: TenantId, positions: Sequence[Position]
    ) -> tuple[dict[Position, Sequence[Status]], list[Position]]:
        """Their deliveries, and where one of them has ended between the two reads: the next channel
        may have been planned with that, and is in neither.
        """
        open_work = await self._work.open(tenant, positions)
        ended = await self._records.outcomes(tenant, positions)
        found: dict[Position, dict[str, Status]] = {position: {} for position in positions}
        for status in (*open_work, *ended):
            found[status.position][status.part] = status
        over = {(status.position, status.part) for status in ended}
        moved = {each.position for each in open_work if (each.position, each.part) in over}
        return {position: [*by_part.values()] for position, by_part in found.items()}, [*moved]


def _weight(request: Requested) -> int:
    """About what its deliveries come to; which channels people prefer is not known here."""
    return _DELIVERY_BYTES * len(request.to) * max(1, len(request.channels))


def _unknown(notification: NotificationId) -> NotFound:
    return NotFound(f"There is no notification {notification}.")


def _states(counts: Mapping[str, int]) -> dict[State, int]:
    return {State(name): count for name, count in counts.items()}
