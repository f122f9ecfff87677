"""Finds deliveries by the names that providers know them under; see the port Deliveries."""

from collections.abc import Collection, Mapping, Sequence

from sendwell.domain.delivery_key import DeliveryKey
from sendwell.domain.fingerprint import mark_of
from sendwell.domain.ids import NotificationId, Part, Position, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.messages.recipients import recipient_of
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.ports.deliveries import Found, Sought
from sendwell.ports.directory import Directory
from sendwell.ports.journal import Journal, Records
from sendwell.ports.work import Work


class DeliveryFinder:
    """Reads the journal and the open work, and asks for people, many at once."""

    def __init__(
        self, records: Records, journal: Journal, *, work: Work, directory: Directory
    ) -> None:
        self._records = records
        self._journal = journal
        self._work = work
        self._directory = directory

    async def find(self, sought: Collection[Sought]) -> Mapping[Sought, Found]:
        """As the port says: one question for all keys, one for each bare reference."""
        by_key = {each: each.key for each in sought if each.key}
        by_reference = [each for each in sought if not each.key and each.reference]
        statuses = await self._by_key(by_key)
        statuses |= await self._by_reference(by_reference)
        requests = await self._journal.requested([each.position for each in statuses.values()])
        there = {
            each: (status, requests[status.position])
            for each, status in statuses.items()
            if status.position in requests
        }
        people = await self._people(there)
        return {
            each: _found(each, status, request, people.get(request.tenant, {}))
            for each, (status, request) in there.items()
        }

    async def _by_key(self, sought: Mapping[Sought, DeliveryKey]) -> dict[Sought, Status]:
        named = await self._records.named({key.notification for key in sought.values()})
        places: dict[tuple[NotificationId, str], list[Status]] = {}
        for tenant, positions in _by_tenant(named).items():
            for status in await self._standing(tenant, positions):
                places.setdefault((named[tenant, status.position], status.part), []).append(status)
        found = {}
        for each, key in sought.items():
            candidates = places.get((key.notification, key.part), [])
            its_own = [status for status in candidates if key.may_be_of(status.tenant)]
            if (one := _the_one(its_own, each)) is not None:
                found[each] = one
        return found

    async def _by_reference(self, sought: Sequence[Sought]) -> dict[Sought, Status]:
        found = {}
        for each in sought:
            known = await self._records.by_reference(each.provider, each.reference or "")
            if known is not None:
                found[each] = known[1]
        return found

    async def _standing(self, tenant: TenantId, positions: Sequence[Position]) -> list[Status]:
        open_work = await self._work.open(tenant, positions)
        ended = await self._records.outcomes(tenant, positions)
        standing = {(status.position, status.part): status for status in (*open_work, *ended)}
        return list(standing.values())

    async def _people(
        self, there: Mapping[Sought, tuple[Status, Requested]]
    ) -> dict[TenantId, Mapping[UserId, Person]]:
        """Those who have the addresses that are sought and that no request gives."""
        users: dict[TenantId, set[UserId]] = {}
        for sought, (status, request) in there.items():
            part = Part.parse(status.part)
            user = request.to[part.recipient].user_id
            if sought.address and user and _address(part, request, {}) is None:
                users.setdefault(request.tenant, set()).add(user)
        return {
            tenant: await self._directory.people(tenant, theirs) for tenant, theirs in users.items()
        }


def _found(
    sought: Sought, status: Status, request: Requested, people: Mapping[UserId, Person]
) -> Found:
    part = Part.parse(status.part)
    address = _address(part, request, {})
    if address is None and sought.address:
        now = _address(part, request, people)
        address = now if now and mark_of(part.channel, now) == sought.address else None
    return Found(
        tenant=request.tenant,
        notification=request.id,
        position=request.position,
        part=status.part,
        channel=status.channel,
        state=status.state,
        at=status.at,
        attempt=status.attempt,
        reference=status.reference,
        user_id=request.to[part.recipient].user_id,
        address=address,
        is_erased=part.recipient in request.erased,
        provider=status.provider,
    )


def _address(part: Part, request: Requested, people: Mapping[UserId, Person]) -> str | None:
    return recipient_of(request, part.recipient, people).address(part.channel, part.target)


def _the_one(candidates: Sequence[Status], sought: Sought) -> Status | None:
    """Of deliveries of several tenants that all have chosen this id."""
    if len(candidates) > 1:
        candidates = [status for status in candidates if status.provider == sought.provider]
    if len(candidates) > 1 and sought.reference:
        candidates = [status for status in candidates if status.reference == sought.reference]
    return candidates[0] if len(candidates) == 1 else None


def _by_tenant(
    named: Mapping[tuple[TenantId, Position], NotificationId],
) -> dict[TenantId, list[Position]]:
    groups: dict[TenantId, list[Position]] = {}
    for tenant, position in named:
        groups.setdefault(tenant, []).append(position)
    return groups
