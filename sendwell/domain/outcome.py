"""What one attempt came to: a value, never an exception."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sendwell.domain.suppression import Source


class Blame(StrEnum):
    """Whose fault a failure is; decides what happens next."""

    PROVIDER = "provider"  # outage, overload: counts for the breaker, the next provider may do it
    ACCOUNT = "account"  # credentials, quota, configuration: the next provider may do it
    ADDRESS = "address"  # this address can't be reached: stop using it
    CONTENT = "content"  # nobody will take this message as it is
    US = "us"  # a defect or a crash on our side


@dataclass(frozen=True, slots=True)
class Fault:
    """Why it failed: a stable code, a sentence for a person, and whose fault it is.

    `said_by`: who has said that nothing may go to the address; None where only the provider has.
    """

    code: str
    text: str
    blame: Blame = Blame.PROVIDER
    said_by: Source | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has taken it. `reference` is its own id for the message.

    `is_delivered`: it has arrived already, no receipt will follow (in-app).
    """

    reference: str | None = None
    is_delivered: bool = False


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; it was certainly not taken. `wait` is what the provider asked for, if it did."""

    fault: Fault
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Never, by this provider. `fault.blame` says whether another one may be asked."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been taken: the connection or we died with the send in flight.

    `wait` is what the provider asked for, if it did.
    """

    fault: Fault
    wait: timedelta | None = None


Outcome = Accepted | Deferred | Refused | Unknown
