"""The rate limits of the flow, asked together: all, channel, lane, tenant, person, provider.

Those that bound what goes over a wire count attempts; what a person is spared counts deliveries.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import BY_NUMBER, Lane
from sendwell.domain.limits import Rate
from sendwell.domain.policy import Policy
from sendwell.messages.task import Task
from sendwell.ports.limiter import Demand, Limiter
from sendwell.roles.delivery import own_limits
from sendwell.roles.delivery.counted import Counted
from sendwell.roles.delivery.over import Over, Reach, Scope
from sendwell.roles.delivery.own_limits import Case
from sendwell.roles.delivery.recount import Recount


@dataclass(frozen=True, slots=True)
class Rates:
    """How much may pass in this installation. What is absent is not limited."""

    everything: Rate | None = None
    channel: Mapping[ChannelName, Rate] = field(default_factory=dict)
    lane: Mapping[Lane, Rate] = field(default_factory=dict)
    tenant: Rate | None = None
    person: Rate | None = None
    provider: Mapping[str, Rate] = field(default_factory=dict)
    person_drops: bool = False
    """Over the person's limit a message is suppressed (fatigue) instead of held."""


class Passage(NamedTuple):
    """A delivery that wants to go out by a provider account, to somebody in that time zone."""

    task: Task
    account: str
    timezone: str | None = None


class Limits:
    """Turns deliveries into demands on the limiter and its answers into decisions."""

    def __init__(
        self,
        limiter: Limiter,
        rates: Rates,
        *,
        policy: Callable[[TenantId], Policy],
        recount: Recount | None = None,
    ) -> None:
        self._limiter = limiter
        self._recount = recount
        self._policy = policy
        self._counted = Counted()
        self.use(rates)

    def use(self, rates: Rates) -> None:
        """These are the installation's limits from now on."""
        self._rates = rates
        self._is_idle = rates == Rates()

    def holds_alike(self, rates: Rates) -> bool:
        """Whether these put off the same deliveries as those in force, each until a time of its
        own; what any other limit than a person's holds up stays in the queue.
        """
        return _what_holds(rates) == _what_holds(self._rates)

    async def take(self, wanted: Sequence[Passage], now: int) -> Sequence[Over | None]:
        """For each delivery: None when it may pass.

        All limits of a delivery are asked together: it counts for all of them or for none. Until
        it is `claimed` it may ask again, and does not count again for its person on that day.
        """
        policies = {
            tenant: self._policy(tenant)
            for tenant in {passage.task.request.tenant for passage in wanted}
        }
        if self._is_idle and all(policy.is_unlimited for policy in policies.values()):
            return [None] * len(wanted)
        cases: Sequence[Case] = [
            own_limits.case_of(task, timezone, policies[task.request.tenant])
            for task, _, timezone in wanted
        ]
        cases = self._counted.leave_out(cases, now)
        if self._recount is not None:
            await self._recount.catch_up(cases, now)
        answers = await self._limiter.take(self._demands(wanted, cases, now), now)
        passed = (case for case, answer in zip(cases, answers, strict=True) if answer.key is None)
        self._counted.add((case for case in passed if self._counts_for_person(case)), now)
        return [
            None if answer.key is None else self._over(case, answer.key, answer.until, now)
            for case, answer in zip(cases, answers, strict=True)
        ]

    def claimed(self, tasks: Iterable[Task]) -> None:
        """That these go out now is on disk."""
        self._counted.forget(tasks)

    def _demands(self, wanted: Sequence[Passage], cases: Sequence[Case], now: int) -> list[Demand]:
        """What each counts for; what is the same for many of a batch is put together once."""
        alike: dict[tuple[TenantId, ChannelName, int, str], Demand] = {}
        demands: list[Demand] = []
        for passage, case in zip(wanted, cases, strict=True):
            task = passage.task
            kind = task.request.tenant, task.channel, task.request.lane, passage.account
            demand = alike.get(kind)
            if demand is None:
                ours = () if self._is_idle else self._demand_of_many(passage, case.policy)
                demand = alike[kind] = (*ours, *own_limits.demand_of_many(case))
            if case.spared is not None:
                demand = (*demand, *self._demand_of_person(case), *own_limits.day_demand(case, now))
            demands.append(demand)
        return demands

    def _demand_of_many(self, passage: Passage, policy: Policy) -> Iterator[tuple[str, Rate]]:
        """What stays in the house takes nothing from those whose messages leave it."""
        rates, task = self._rates, passage.task
        request = task.request
        of_all = (
            (Scope.EVERYTHING.value, rates.everything),
            (f"{Scope.CHANNEL}:{task.channel}", rates.channel.get(task.channel)),
            (f"{Scope.LANE}:{request.lane}", rates.lane.get(BY_NUMBER[request.lane])),
        )
        own = (
            (f"{Scope.TENANT}:{request.tenant}", rates.tenant),
            (f"{Scope.PROVIDER}:{passage.account}", rates.provider.get(passage.account)),
        )
        wanted = own if policy.is_sandboxed else of_all + own
        return ((key, rate) for key, rate in wanted if rate is not None)

    def _demand_of_person(self, case: Case) -> Demand:
        rate, user = self._rates.person, case.spared
        if rate is None or user is None:
            return ()
        tenant = case.task.request.tenant
        return ((f"{Scope.PERSON}:{tenant}:{pseudonym(tenant, user)}", rate),)

    def _counts_for_person(self, case: Case) -> bool:
        has_caps = self._rates.person is not None or case.policy.budget is not None
        return has_caps and case.spared is not None

    def _over(self, case: Case, key: str, until: int, now: int) -> Over:
        scope = Scope(key.partition(":")[0])
        rule, request = f"rate_limit.{scope}", case.task.request
        match scope:
            case Scope.OWN_EVERYTHING | Scope.OWN_CHANNEL | Scope.OWN_DAY:
                return own_limits.over(case, scope, until=until, now=now)
            case Scope.PERSON:
                return Over(until, Reach.DELIVERY, rule, drops=self._rates.person_drops)
            case Scope.PROVIDER:
                return Over(until, Reach.ACCOUNT, rule)
            case Scope.TENANT:
                return Over(until, Reach.MANY, rule, request.tenant)
            case Scope.LANE:
                return Over(until, Reach.MANY, rule, BY_NUMBER[request.lane])
            case Scope.EVERYTHING | Scope.CHANNEL:
                return Over(until, Reach.MANY, rule)


def _what_holds(rates: Rates) -> tuple[object, ...]:
    return rates.person, rates.person_drops
