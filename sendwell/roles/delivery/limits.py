"""The rate limits of the flow: global, by channel, lane, tenant and person, asked for together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import Lane
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
    person_drops: bool = False
    """Over the person's limit a message is suppressed (fatigue) instead of held."""


@dataclass(frozen=True, slots=True)
class Over:
    """A delivery that is over a limit: which one, until when, and what that means."""

    rule: str
    until: int
    tenant: TenantId | None
    is_personal: bool
    drops: bool


class Limits:
    """Turns tasks into demands on the limiter and its answers into decisions."""

    def __init__(self, limiter: Limiter, rates: Rates) -> None:
        self._limiter = limiter
        self._rates = rates
        self._is_idle = rates == Rates()

    async def take(self, tasks: Sequence[Task], now: int) -> Sequence[Over | None]:
        """For each task, in order: None when it may pass, else what stops it."""
        if self._is_idle:
            return [None] * len(tasks)
        demands = [self._demand(task) for task in tasks]
        answers = await self._limiter.take(demands, now)
        return [
            None if answer.key is None else self._over(task, answer.key, answer.until)
            for task, answer in zip(tasks, answers, strict=True)
        ]

    def _demand(self, task: Task) -> Demand:
        rates, request = self._rates, task.request
        user = request.to[task.recipient].user_id
        wanted = (
            ("global", rates.everything),
            (f"channel:{task.channel}", rates.channel.get(task.channel)),
            (f"lane:{request.lane}", rates.lane.get(Lane(request.lane))),
            (f"tenant:{request.tenant}", rates.tenant),
            (f"person:{request.tenant}:{user}", None if self._passes(task) else rates.person),
        )
        return tuple((key, rate) for key, rate in wanted if rate is not None)

    @staticmethod
    def _passes(task: Task) -> bool:
        """Critical categories pass the caps of a person; a bare address has none."""
        return task.request.is_critical or task.request.to[task.recipient].user_id is None

    def _over(self, task: Task, key: str, until: int) -> Over:
        kind = key.partition(":")[0]
        is_personal = kind == "person"
        return Over(
            rule=f"rate_limit.{kind}",
            until=until,
            tenant=task.request.tenant if kind == "tenant" else None,
            is_personal=is_personal,
            drops=is_personal and self._rates.person_drops,
        )
