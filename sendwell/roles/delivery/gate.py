"""The last look before a send: is it still wanted, allowed and not too late?"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from sendwell.domain.admission import ERASED, NO_ADDRESS, Ask, Stop, Verdict, admit
from sendwell.domain.consent import NO_TOPICS, Modes
from sendwell.domain.grouping import group
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.instant import instant_of
from sendwell.domain.person import Person
from sendwell.domain.plan import Wanted, goes_on
from sendwell.domain.policy import Policy
from sendwell.messages.recipients import recipient_of
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
    """Asks the directory for many deliveries at once and applies the rules of `admission`.

    `channels` are those that somebody delivers by, here or elsewhere.
    """

    def __init__(
        self, directory: Directory, tenants: Tenants, *, channels: Collection[ChannelName]
    ) -> None:
        self._directory = directory
        self._tenants = tenants
        self._channels = channels

    async def check(self, tasks: Sequence[Task], now: int) -> list[Checked]:
        """The verdict for each task, in their order, with the person and the address it was given
        for: in that order limits are asked, and tenants have their turns.
        """
        checked: dict[TenantId, Iterator[Checked]] = {}
        for tenant, own in group(tasks, by=lambda task: task.request.tenant).items():
            checked[tenant] = iter(await self._check_tenant(tenant, own, now))
        return [next(checked[task.request.tenant]) for task in tasks]

    async def going_on(self, checked: Sequence[Checked], now: int) -> list[Checked]:
        """Those that another channel would take, as far as the rules go, if this one failed."""
        going_on: list[Checked] = []
        for tenant, own in group(checked, by=lambda each: each.task.request.tenant).items():
            going_on += await self._going_on(tenant, own, now)
        return going_on

    async def _check_tenant(
        self, tenant: TenantId, tasks: Sequence[Task], now: int
    ) -> list[Checked]:
        users = {to.user_id for task in tasks if (to := task.request.to[task.recipient]).user_id}
        known = await self._directory.people(tenant, users) if users else {}
        people = [recipient_of(task.request, task.recipient, known) for task in tasks]
        addresses = [
            person.address(task.channel, task.target)
            for task, person in zip(tasks, people, strict=True)
        ]
        wanted = {
            (task.channel, address)
            for task, address in zip(tasks, addresses, strict=True)
            if address is not None
        }
        circumstances = await self._circumstances(tenant, tasks, wanted, now)
        return [
            Checked(task, person, address or "", _verdict(task, person, address, circumstances))
            for task, person, address in zip(tasks, people, addresses, strict=True)
        ]

    async def _going_on(
        self, tenant: TenantId, checked: Sequence[Checked], now: int
    ) -> list[Checked]:
        wanted = {
            (channel, address)
            for each in checked
            for channel, numbered in each.person.addresses.items()
            for address in numbered.values()
        }
        tasks = [each.task for each in checked]
        circumstances = await self._circumstances(tenant, tasks, wanted, now)
        return [each for each in checked if _goes_on(each, circumstances, self._channels)]

    async def _circumstances(
        self, tenant: TenantId, tasks: Sequence[Task], addresses: Collection[Address], now: int
    ) -> "_Circumstances":
        return _Circumstances(
            instant_of(now),
            self._tenants.policy(tenant),
            await self._directory.suppressed(tenant, addresses),
            await self._topics(tenant, tasks),
        )

    async def _topics(self, tenant: TenantId, tasks: Sequence[Task]) -> Modes:
        is_asked = any(task.request.topic for task in tasks)
        return await self._directory.topics_of(tenant) if is_asked else NO_TOPICS


class _Circumstances(NamedTuple):
    """What is the same for all deliveries of a tenant."""

    now: datetime
    policy: Policy
    suppressed: Mapping[Address, str]
    topics: Modes


def _verdict(task: Task, person: Person, address: str | None, now: _Circumstances) -> Verdict:
    if person.is_erased:
        return ERASED
    if address is None:
        return Stop(NO_ADDRESS.state, NO_ADDRESS.rule, "The address is no longer there.")
    return _admitted(ask_of(task, now.policy), person, address, now)


def _goes_on(checked: Checked, now: _Circumstances, channels: Collection[ChannelName]) -> bool:
    task, person, policy = checked.task, checked.person, now.policy
    if task.replay_of is not None:  # somebody has asked for it on this channel
        return False
    request, ask = task.request, ask_of(task, policy)
    return goes_on(
        Wanted(request.channels, request.is_fallback),
        person,
        policy.channel_order,
        enabled=channels,
        admits=lambda channel, to: _admitted(ask._replace(channel=channel), person, to, now),
        after=task.channel,
    )


def _admitted(ask: Ask, person: Person, address: str, now: _Circumstances) -> Verdict:
    return admit(
        ask,
        person,
        suppressed=now.suppressed.get((ask.channel, address)),
        now=now.now,
        default_zone=now.policy.timezone,
        defaults=now.policy.preference_defaults,
        topics=now.topics,
    )


def ask_of(task: Task, policy: Policy) -> Ask:
    """The task, as far as the rules look at it; what is critical is what the tenant says now."""
    request = task.request
    expires = request.expires_at
    return Ask(
        task.channel,
        request.category,
        policy.classify(request.event_type).is_critical,
        None if expires is None else instant_of(expires),
        request.topic,
    )
