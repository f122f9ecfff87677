"""Turns accepted requests into planned deliveries, many at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sendwell.domain.admission import GO, Ask, Go, Hold, Stop, Verdict, admit
from sendwell.domain.consent import NO_TOPICS, Modes
from sendwell.domain.grouping import group
from sendwell.domain.ids import ChannelName, Part, Position, TenantId
from sendwell.domain.instant import instant_of, microseconds_of
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Fault
from sendwell.domain.person import Person
from sendwell.domain.plan import Choice, Wanted, choose
from sendwell.domain.schedule import due
from sendwell.domain.triage import triage
from sendwell.messages.dead import Dead
from sendwell.messages.moved import dead_of, status_of
from sendwell.messages.recipients import recipient_of
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.catalogue import Catalogue
from sendwell.ports.directory import Address, Directory
from sendwell.ports.tenants import Tenants

DEFECT = "defect"
"""The code of what ends by a fault of ours."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was asked of the other roles for a batch, once."""

    people: Mapping[Position, Sequence[Person]]
    """The recipients of each request, in their order."""
    suppressed: Mapping[TenantId, Mapping[Address, str]]
    topics: Mapping[TenantId, Modes]
    """Only of tenants whose requests are about a topic."""
    versions: Mapping[tuple[TenantId, str, int | None], int | None]
    now: int
    at: datetime
    """`now` once more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A delivery that ends at planning; `task` is what it would have been."""

    task: Task
    stop: Stop


Planned = Task | Ended


class Planner:
    """Decides which deliveries a request comes to. Writes nothing.

    `channels` are those that somebody delivers by.
    """

    def __init__(
        self,
        directory: Directory,
        catalogue: Catalogue,
        tenants: Tenants,
        *,
        channels: Collection[ChannelName],
    ) -> None:
        self._directory = directory
        self._catalogue = catalogue
        self._tenants = tenants
        self._channels = channels

    async def look_up(self, requests: Sequence[Requested], now: int) -> Known:
        """Ask the other roles everything that planning these requests needs."""
        people: dict[Position, Sequence[Person]] = {}
        suppressed: dict[TenantId, Mapping[Address, str]] = {}
        topics: dict[TenantId, Modes] = {}
        for tenant, own in group(requests, by=lambda request: request.tenant).items():
            users = {to.user_id for request in own for to in request.to if to.user_id}
            known = await self._directory.people(tenant, users) if users else {}
            for request in own:
                people[request.position] = [
                    recipient_of(request, place, known) for place in range(len(request.to))
                ]
            addresses = _addresses(people[request.position] for request in own)
            suppressed[tenant] = await self._directory.suppressed(tenant, addresses)
            if any(request.topic for request in own):
                topics[tenant] = await self._directory.topics_of(tenant)
        versions = {key: await self._pin(*key) for key in {_template(r) for r in requests} if key}
        return Known(people, suppressed, topics, versions, now, instant_of(now))

    def plan(self, request: Requested, known: Known) -> list[Planned]:
        """The deliveries of a request, each with where it stands."""
        if len(request.to) == 1:
            return self._plan_one(request, 0, known)
        return [
            planned
            for recipient in range(len(request.to))
            for planned in self._plan_one(request, recipient, known)
        ]

    def plan_next(
        self, request: Requested, recipient: int, known: Known, *, tried: Collection[ChannelName]
    ) -> list[Planned]:
        """Those of one recipient on the next channel, where these have failed."""
        return self._plan_one(request, recipient, known, tried=tried)

    def _plan_one(
        self,
        request: Requested,
        recipient: int,
        known: Known,
        *,
        tried: Collection[ChannelName] = (),
    ) -> list[Planned]:
        policy = self._tenants.policy(request.tenant)
        person = known.people[request.position][recipient]
        when = _send_time(request, person, policy.timezone)
        is_later = when is not None and when > known.at
        suppressed = known.suppressed[request.tenant]

        def admits(channel: ChannelName, address: str) -> Verdict:
            if is_later:
                return GO  # asked again when its time has come
            return admit(
                _ask(request, channel),
                person,
                suppressed=suppressed.get((channel, address)) if suppressed else None,
                now=known.at,
                default_zone=policy.timezone,
                defaults=policy.preference_defaults,
                topics=known.topics.get(request.tenant, NO_TOPICS),
            )

        wanted = Wanted(request.channels, request.is_fallback)
        choices = choose(
            wanted,
            person,
            policy.channel_order,
            enabled=self._channels,
            admits=admits,
            tried=tried,
        )
        version = known.versions.get(_template(request) or _NO_TEMPLATE)
        return [
            _planned(
                request,
                recipient,
                choice,
                now=known.now,
                when=when if is_later else None,
                version=version,
                beside=_beside(choice, choices),
            )
            for choice in choices
        ]

    async def _pin(self, tenant: TenantId, code: str, version: int | None) -> int | None:
        found = await self._catalogue.version(tenant, code, version)
        return found.version if found else version


_NO_TEMPLATE = (TenantId(""), "", None)


def _planned(
    request: Requested,
    recipient: int,
    choice: Choice,
    *,
    now: int,
    when: datetime | None,
    version: int | None,
    beside: int,
) -> Planned:
    task = Task(
        request=request,
        part=_part(recipient, choice.channel, choice.target),
        recipient=recipient,
        channel=choice.channel,
        planned_at=now,
        target=choice.target,
        beside=beside,
        template_version=version,
    )
    match choice.verdict:
        case Stop() as stop:
            return Ended(task, stop)
        case Hold(until, rule):
            return _waiting(task, State.HELD, until, rule)
        case Go():
            return task if when is None else _waiting(task, State.SCHEDULED, when, "send_at")


def _beside(choice: Choice, choices: Sequence[Choice]) -> int:
    """How many go out on the channel at once: several push tokens, as a rule one."""
    if len(choices) == 1:
        return 1
    return sum(other.channel == choice.channel for other in choices)


@lru_cache(maxsize=4_096)
def _part(recipient: int, channel: ChannelName, target: int) -> str:
    return str(Part(recipient, channel, target))


def _waiting(task: Task, state: State, until: datetime, rule: str) -> Task:
    task.state = state
    task.wait(microseconds_of(until), rule)
    return task


def moved(task: Task, state: State, at: int, *, stop: Stop | None = None) -> Status:
    """The move that planning made."""
    if stop is None:
        return status_of(task, state, at, rule=task.reason, due=task.due)
    rule = task.reason if state is State.DEAD else stop.rule
    return status_of(task, state, at, fault=_fault(stop), rule=rule, due=task.due)


def buried(task: Task, stop: Stop, at: int) -> Dead:
    """The dead letter of a delivery that ended at planning."""
    fault = _fault(stop)
    return dead_of(task, fault, triage(fault, exhausted=False), at)


def _fault(stop: Stop) -> Fault:
    return Fault(stop.rule, stop.text, Blame.US)


def _send_time(request: Requested, person: Person, default_zone: str) -> datetime | None:
    if request.send_at is None:
        return None
    return due(
        request.send_at,
        timezone=request.timezone,
        recipient_zone=person.timezone,
        default_zone=default_zone,
    )


def _ask(request: Requested, channel: ChannelName) -> Ask:
    expires = request.expires_at
    return Ask(
        channel,
        request.category,
        request.is_critical,
        None if expires is None else instant_of(expires),
        request.topic,
    )


def _addresses(people: Iterable[Sequence[Person]]) -> set[Address]:
    return {
        (channel, address)
        for recipients in people
        for person in recipients
        for channel, numbered in person.addresses.items()
        for address in numbered.values()
    }


def _template(request: Requested) -> tuple[TenantId, str, int | None] | None:
    template = request.template
    return None if template is None else (request.tenant, template.code, template.version)
