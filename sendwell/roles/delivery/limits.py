"""The rate limits of the flow, asked together: all, channel, lane, tenant, person, provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import BY_NUMBER, Lane
from sendwell.domain.limits import Rate
from sendwell.messages.task import Task
from sendwell.ports.limiter import Demand, Limiter


@dataclass(frozen=True, slots=True)
class Rates:
    """How much may pass. What is absent is not limited."""

    everything: Rate | None = None
    channel: Mapping[ChannelName, Rate] = field(default_factory=dict)
    lane: Mapping[Lane, Rate] = field(default_factory=dict)
    tenant: Rate | None = None
    person: Rate | None = None
    provider: Mapping[str, Rate] = field(default_factory=dict)
    person_drops: bool = False
    """Over the person's limit a message is suppressed (fatigue) instead of held."""


class Scope(StrEnum):
    """What a limit counts."""

    EVERYTHING = "global"
    CHANNEL = "channel"
    LANE = "lane"
    TENANT = "tenant"
    PERSON = "person"
    PROVIDER = "provider"


Who = Lane | TenantId | None
"""Whose deliveries a pause holds up: a lane's, a tenant's, or everybody's."""


@dataclass(frozen=True, slots=True)
class Over:
    """A delivery that is over a limit: which one, until when, and what that means."""

    scope: Scope
    until: int
    who: Who
    drops: bool

    @property
    def rule(self) -> str:
        """As it stands on the timeline."""
        return f"rate_limit.{self.scope}"


class Limits:
    """Turns deliveries into demands on the limiter and its answers into decisions."""

    def __init__(self, limiter: Limiter, rates: Rates) -> None:
        self._limiter = limiter
        self.use(rates)

    def use(self, rates: Rates) -> None:
        """These are the limits from now on."""
        self._rates = rates
        self._is_idle = rates == Rates()

    async def take(self, wanted: Sequence[tuple[Task, str]], now: int) -> Sequence[Over | None]:
        """For each task and the provider account it would go to: None when it may pass.

        All limits of a delivery are asked together: it counts for all of them or for none.
        """
        if self._is_idle:
            return [None] * len(wanted)
        demands = [self._demand(task, account) for task, account in wanted]
        answers = await self._limiter.take(demands, now)
        return [
            None if answer.key is None else self._over(task, answer.key, answer.until)
            for (task, _), answer in zip(wanted, answers, strict=True)
        ]

    def _demand(self, task: Task, account: str) -> Demand:
        rates, request = self._rates, task.request
        user = request.to[task.recipient].user_id
        wanted = (
            (Scope.EVERYTHING.value, rates.everything),
            (f"{Scope.CHANNEL}:{task.channel}", rates.channel.get(task.channel)),
            (f"{Scope.LANE}:{request.lane}", rates.lane.get(BY_NUMBER[request.lane])),
            (f"{Scope.TENANT}:{request.tenant}", rates.tenant),
            (f"{Scope.PROVIDER}:{account}", rates.provider.get(account)),
            (f"{Scope.PERSON}:{request.tenant}:{user}", self._personal(task)),
        )
        return tuple((key, rate) for key, rate in wanted if rate is not None)

    def _personal(self, task: Task) -> Rate | None:
        """Critical categories pass the caps of a person; a bare address has none."""
        is_free = task.request.is_critical or task.request.to[task.recipient].user_id is None
        return None if is_free else self._rates.person

    def _over(self, task: Task, key: str, until: int) -> Over:
        scope = Scope(key.partition(":")[0])
        who: Who = None
        if scope is Scope.TENANT:
            who = task.request.tenant
        elif scope is Scope.LANE:
            who = BY_NUMBER[task.request.lane]
        return Over(scope, until, who, self._rates.person_drops)
