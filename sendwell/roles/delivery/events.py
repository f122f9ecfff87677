"""What happens to deliveries that somebody has in hand, before it is on record."""

from datetime import timedelta

import msgspec

from sendwell.domain.admission import Stop
from sendwell.domain.outcome import Fault, Outcome
from sendwell.messages.task import Task


class Sent(msgspec.Struct, frozen=True, gc=False):
    """An attempt has come back. `next_in`: after how long it could go to an account that it has not
    been at in this round; None where there is none.
    """

    task: Task
    outcome: Outcome
    at: int
    next_in: timedelta | None = None
    address: str | None = None


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """A rule has ended it."""

    task: Task
    stop: Stop


class Held(msgspec.Struct, frozen=True, gc=False):
    """A rule makes it wait."""

    task: Task
    until: int
    rule: str


class AskedAgain(msgspec.Struct, frozen=True, gc=False):
    """It is no longer held until the time that was told, for its person has changed."""

    task: Task
    at: int


class Unsendable(msgspec.Struct, frozen=True, gc=False):
    """It could not be made into something to send."""

    task: Task
    fault: Fault


Event = Sent | Stopped | Held | AskedAgain | Unsendable
