"""Which lane and category an event type belongs to, by a table that a tenant can edit."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.lane import Lane

_ANY = "*"


@dataclass(frozen=True, slots=True)
class PriorityRule:
    """What holds for an event type, or for all that begin alike.

    `pattern` is a whole event type or ends in `*` (`security_*`, `*`); letter case does not
    matter. `is_critical` declares the category critical: it passes quiet hours and caps, whatever
    its lane. Raises Invalid for a pattern that is empty or has a `*` elsewhere.
    """

    pattern: str
    lane: Lane
    category: str = "default"
    is_critical: bool = False
    beginning: str = field(init=False, repr=False, compare=False)
    """What every event type begins with that the pattern covers."""

    def __post_init__(self) -> None:
        if not self.pattern or _ANY in self.pattern[:-1]:
            why = "A pattern is an event type, or the beginning of one and a * at its end."
            raise Invalid(why, flaws=(Flaw("/pattern", why),))
        pattern = self.pattern.lower()
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "beginning", pattern.removesuffix(_ANY))


OTHERWISE = PriorityRule(_ANY, Lane.MEDIUM)
"""What holds for an event type that no rule knows."""

DEFAULT_RULES = (
    PriorityRule("otp*", Lane.CRITICAL, "authentication"),
    PriorityRule("login_code*", Lane.CRITICAL, "authentication"),
    PriorityRule("password_reset*", Lane.CRITICAL, "authentication"),
    PriorityRule("security*", Lane.HIGH, "security"),
    PriorityRule("payment*", Lane.HIGH, "transactional"),
    PriorityRule("order*", Lane.MEDIUM, "transactional"),
    PriorityRule("marketing*", Lane.LOW, "marketing"),
    PriorityRule("newsletter*", Lane.LOW, "marketing"),
    PriorityRule("digest*", Lane.LOW, "digest"),
    OTHERWISE,
)
"""A tenant's table before it is edited. What a person waits for at the screen is in the critical
lane, `security_alert` is high. None of these is *declared critical*: to wake people up
and to pass the caps that stop a flood of codes is for each tenant to decide."""


def classify(event_type: str, rules: Sequence[PriorityRule]) -> PriorityRule:
    """The rule that holds: the exact one, else that with the longest beginning, else OTHERWISE.

    Of two rules with the same pattern the first one counts.
    """
    name = event_type.lower()
    best = None
    for rule in rules:
        if not name.startswith(rule.beginning):
            continue
        if rule.pattern == name:
            return rule
        is_longer = best is None or len(rule.pattern) > len(best.pattern)
        if is_longer and rule.pattern.endswith(_ANY):
            best = rule
    return best or OTHERWISE
