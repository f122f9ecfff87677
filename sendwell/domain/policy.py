"""What a tenant has decided: the rules the flow asks for at each step."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwell.domain.backoff import RetryPolicy
from sendwell.domain.ids import ChannelName
from sendwell.domain.priority import DEFAULT_RULES, PriorityRule, classify

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
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    resends_unknown: Mapping[ChannelName, bool] = field(default_factory=dict)
    """Overrides of the channels' own rule for attempts whose result is unknown."""
    is_sandboxed: bool = False
    """Messages go to the dev mailbox only (sample tenant, test environments)."""
    timezone: str = "UTC"
    locale: str = "en"
    _classified: dict[str, PriorityRule] = field(default_factory=dict, repr=False, compare=False)

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
