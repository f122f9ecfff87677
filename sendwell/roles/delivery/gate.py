"""The last look before a send: is it still wanted, allowed and not too late?"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from sendwell.domain.admission import NO_ADDRESS, Ask, Stop, Verdict, admit
from sendwell.domain.ids import TenantId
from sendwell.domain.person import Person
from sendwell.messages.recipients import person_of
from sendwell.messages.task import Task
from sendwell.ports.directory import Address, Directory
from sendwell.ports.tenants import Tenants


class Checked(msgspec.Struct, frozen=True, gc=False):
    """A task with the person and address as they are now, and what the rules say."""

    task: Task
    person: Person
    address: str
    verdict: Verdict


class Gate:
    """Asks the directory for many deliveries at once and applies the rules of `admission`."""

    def __init__(self, directory: Directory, tenants: Tenants) -> None:
        self._directory = directory
        self._tenants = tenants

    async def check(self, tasks: Sequence[Task], now: int) -> list[Checked]:
        """The verdict for each task, with the person and the address it was given for."""
        checked: list[Checked] = []
        for tenant, own in _by_tenant(tasks).items():
            checked += await self._check_tenant(tenant, own, now)
        return checked

    async def _check_tenant(
        self, tenant: TenantId, tasks: Sequence[Task], now: int
    ) -> list[Checked]:
        users = {to.user_id for task in tasks if (to := task.request.to[task.recipient]).user_id}
        known = await self._directory.people(tenant, users) if users else {}
        people = [person_of(task.request.to[task.recipient], known) for task in tasks]
        addresses = [
            person.address(task.channel, task.target)
            for task, person in zip(tasks, people, strict=True)
        ]
        wanted = {
            (task.channel, address)
            for task, address in zip(tasks, addresses, strict=True)
            if address is not None
        }
        suppressed = await self._directory.suppressed(tenant, wanted)
        zone = self._tenants.policy(tenant).timezone
        at = datetime.fromtimestamp(now / 1e6, UTC)
        return [
            Checked(
                task, person, address or "", _verdict(task, person, address, suppressed, at, zone)
            )
            for task, person, address in zip(tasks, people, addresses, strict=True)
        ]


def _verdict(  # noqa: PLR0917 - all of it is what the verdict depends on
    task: Task,
    person: Person,
    address: str | None,
    suppressed: Mapping[Address, str],
    now: datetime,
    zone: str,
) -> Verdict:
    if address is None:
        return Stop(NO_ADDRESS.state, NO_ADDRESS.rule, "The address is no longer there.")
    why = suppressed.get((task.channel, address))
    return admit(ask_of(task), person, suppressed=why, now=now, default_zone=zone)


def ask_of(task: Task) -> Ask:
    """The task, as far as the rules look at it."""
    request = task.request
    expires = request.expires_at
    return Ask(
        task.channel,
        request.category,
        request.is_critical,
        None if expires is None else datetime.fromtimestamp(expires / 1e6, UTC),
    )


def _by_tenant(tasks: Sequence[Task]) -> dict[TenantId, list[Task]]:
    groups: dict[TenantId, list[Task]] = {}
    for task in tasks:
        groups.setdefault(task.request.tenant, []).append(task)
    return groups
