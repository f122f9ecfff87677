"""What it means that a delivery is over a limit: the installation's or its tenant's own."""

from enum import StrEnum
from typing import NamedTuple

from sendwell.domain.ids import TenantId
from sendwell.domain.lane import Lane


class Scope(StrEnum):
    """What a limit counts; how the keys of the limiter begin."""

    EVERYTHING = "global"
    CHANNEL = "channel"
    LANE = "lane"
    TENANT = "tenant"
    PERSON = "person"
    PROVIDER = "provider"
    OWN_EVERYTHING = "own"
    """This one and those below are limits that tenants have set themselves."""
    OWN_CHANNEL = "own_channel"
    OWN_DAY = "day"
    """What one person is sent on one day of theirs."""


Who = Lane | TenantId | None
"""Whose deliveries a pause holds up: a tenant's; of those that leave the house a lane's, or all."""


class Reach(StrEnum):
    """Whom a limit holds up that is reached."""

    DELIVERY = "delivery"
    """Only the one that asked."""
    ACCOUNT = "account"
    """Whatever would go to the same provider account."""
    MANY = "many"
    """A tenant's, a lane's, or all."""


_TEXTS = {"budget": "The person has been sent as much today as the budget allows."}


class Over(NamedTuple):
    """A delivery that is over a limit: until when, whom that holds up, and what it means."""

    until: int
    """Microseconds since 1970."""
    reach: Reach
    rule: str
    """As it stands on the timeline."""
    who: Who = None
    """Of many: whose."""
    drops: bool = False
    """It is given up, instead of waiting."""

    @property
    def text(self) -> str:
        """For people."""
        return _TEXTS.get(self.rule, f"Over the limit {self.rule}.")
