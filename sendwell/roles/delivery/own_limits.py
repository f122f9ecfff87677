"""What a tenant has decided itself about how much goes out: its rates, and its people's budget."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from sendwell.domain.budget import Budget, day_of, next_turn
from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import UserId
from sendwell.domain.instant import instant_of, microseconds_of
from sendwell.domain.limits import Demand, Limit, OverLimit, Rate
from sendwell.domain.policy import Policy
from sendwell.domain.tenant_limits import drops
from sendwell.domain.zone import zone_of
from sendwell.messages.task import Task
from sendwell.roles.delivery.over import Over, Reach, Scope

_Own = Literal[Scope.OWN_EVERYTHING, Scope.OWN_CHANNEL, Scope.OWN_DAY]
_DAY = Scope.OWN_DAY.value


class Case(NamedTuple):
    """A delivery to somebody in that time zone, and the rules of its tenant.

    `spared`: the person whose caps this counts against; None for a bare address, a critical
    category, or a retry, which was counted already.
    """

    task: Task
    timezone: str | None
    policy: Policy
    spared: UserId | None


def case_of(task: Task, timezone: str | None, policy: Policy) -> Case:
    """The delivery as the limits look at it."""
    is_free = task.attempt > 0 or _is_critical(task, policy)
    user = None if is_free else task.request.to[task.recipient].user_id
    return Case(task, timezone, policy, user)


def demand_of_many(case: Case) -> Iterator[tuple[str, Rate]]:
    """What of the tenant's all its deliveries by this channel count for."""
    task, limits = case.task, case.policy.limits
    tenant = task.request.tenant
    if limits.everything is not None:
        yield f"{Scope.OWN_EVERYTHING}:{tenant}", limits.everything.rate
    if (limit := limits.channels.get(task.channel)) is not None:
        yield f"{Scope.OWN_CHANNEL}:{tenant}:{task.channel}", limit.rate


def day_demand(case: Case, now: int) -> Demand:
    """What of the tenant's budget the delivery takes, if it counts for that.

    It lies in the limiter for long after that day, and no erasure looks there: hence no id.
    """
    budget, user = case.policy.budget, case.spared
    if budget is None or user is None:
        return ()
    tenant = case.task.request.tenant
    return ((f"{_DAY}:{tenant}:{day(case, now)}:{pseudonym(tenant, user)}", budget.rate),)


def day(case: Case, at: int) -> str:
    """What the calendar of the person shows at that time."""
    return _day(case.timezone, case.policy.timezone, at)


def over(case: Case, scope: _Own, *, until: int, now: int) -> Over:
    """What becomes of a delivery that this limit refuses until then."""
    limits = case.policy.limits
    match scope:
        case Scope.OWN_EVERYTHING:
            return _over(case, limits.everything, until, "limits.tenant")
        case Scope.OWN_CHANNEL:
            channel = case.task.channel
            return _over(case, limits.channels.get(channel), until, f"limits.channels.{channel}")
        case Scope.OWN_DAY:
            return _over_budget(case, case.policy.budget, now)


def _over(case: Case, limit: Limit | None, until: int, rule: str) -> Over:
    is_dropped = drops(limit, is_critical=_is_critical(case.task, case.policy))
    reach = Reach.DELIVERY if is_dropped else Reach.MANY
    return Over(until, reach, rule, case.task.request.tenant, is_dropped)


def _over_budget(case: Case, budget: Budget | None, now: int) -> Over:
    turn = next_turn(instant_of(now), zone_of(case.timezone, case.policy.timezone))
    is_dropped = budget is not None and budget.over is OverLimit.DROP
    tenant = case.task.request.tenant
    return Over(microseconds_of(turn), Reach.DELIVERY, "budget", tenant, is_dropped)


def _is_critical(task: Task, policy: Policy) -> bool:
    """As the tenant says now, not as it was when the message was accepted."""
    return policy.classify(task.request.event_type).is_critical


@lru_cache(maxsize=1_024)
def _day(theirs: str | None, usual: str, now: int) -> str:
    """Their day; remembered, for it is asked for each delivery of a batch at the same time."""
    return str(day_of(instant_of(now), zone_of(theirs, usual)))
