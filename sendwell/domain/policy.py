"""What a tenant has decided: the rules the flow asks for at each step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sendwell.domain.budget import Budget
from sendwell.domain.consent import NO_DEFAULTS, Preferences
from sendwell.domain.ids import ChannelName
from sendwell.domain.limits import Rate
from sendwell.domain.priority import DEFAULT_RULES, PriorityRule, classify
from sendwell.domain.retries import Retries
from sendwell.domain.routing import Route
from sendwell.domain.tenant_limits import NO_LIMITS, TenantLimits

DEFAULT_CHANNELS = tuple(
    ChannelName(name) for name in ("email", "push", "sms", "in_app", "webhook")
)

_MOST_REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Policy:
    """One tenant's rules, with the defaults of the product."""

    priorities: tuple[PriorityRule, ...] = DEFAULT_RULES
    channels: tuple[ChannelName, ...] = DEFAULT_CHANNELS
    """The order in which a person's channels are tried when nobody asked for any."""
    retries: Retries = field(default_factory=Retries)
    resends_unknown: Mapping[ChannelName, bool] = field(default_factory=dict)
    """Overrides of the channels' own rule for attempts whose result is unknown."""
    is_sandboxed: bool = False
    """Messages go to the dev mailbox only (sample tenant, test environments)."""
    timezone: str = "UTC"
    locale: str = "en"
    routes: Mapping[ChannelName, Route] = field(default_factory=dict)
    """The tenant's own routes; the other channels go as the installation's do."""
    limits: TenantLimits = NO_LIMITS
    quota: Rate | None = None
    """How many notifications it hands in, within what the installation takes from each tenant."""
    budget: Budget | None = None
    """How many messages one of its people is sent a day."""
    preference_defaults: Preferences = NO_DEFAULTS
    """What holds for people who have not chosen."""
    _classified: dict[str, PriorityRule] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def is_unlimited(self) -> bool:
        """Whether the tenant itself limits nothing that goes out."""
        return self.budget is None and self.limits.are_none

    @property
    def channel_order(self) -> Sequence[ChannelName]:
        """The channels to try for people who have not chosen, where nobody asked for any."""
        return self.preference_defaults.order or self.channels

    def classify(self, event_type: str) -> PriorityRule:
        """The rule of the priority table for an event type; remembered, for it is asked for each
        request and there are few of them.
        """
        rule = self._classified.get(event_type)
        if rule is None:
            rule = classify(event_type, self.priorities)
            if len(self._classified) < _MOST_REMEMBERED:
                self._classified[event_type] = rule
        return rule


def holds_alike(some: Policy, others: Policy) -> bool:
    """Whether both hold and let go the same of what is queued: what makes a delivery wait for a
    time of its own is the same in them.
    """
    return _what_holds(some) == _what_holds(others)


def _what_holds(policy: Policy) -> tuple[object, ...]:
    return policy.budget, policy.timezone, policy.preference_defaults, policy.priorities
