"""Why a delivery ended as a dead letter, and what a person can do about it."""

from enum import StrEnum

from sendwell.domain.outcome import Blame, Fault


class Cause(StrEnum):
    """The cause tag of a dead letter: a closed set, to filter and count by.

    Nothing that was stopped by a rule is here: it ends as SUPPRESSED, EXPIRED or CANCELLED.
    """

    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    TEMPLATE_ERROR = "template_error"
    REJECTED_CONTENT = "rejected_content"
    CREDENTIALS = "credentials"
    NO_PROVIDER = "no_provider"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_OUTAGE = "provider_outage"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    UNKNOWN_OUTCOME = "unknown_outcome"
    INTERNAL = "internal"

    @property
    def hint(self) -> str:
        """What to do about it, for a person."""
        return _HINTS[self]


def triage(fault: Fault, *, exhausted: bool) -> Cause:
    """The cause tag for the last thing that went wrong.

    `exhausted`: it was put off until its attempts were used up, not refused.
    """
    if fault.code in _BY_CODE:
        return _BY_CODE[fault.code]
    if exhausted:
        return _PUT_OFF.get(fault.blame, Cause.ATTEMPTS_EXHAUSTED)
    return _REFUSED[fault.blame]


_BY_CODE = {
    "no_address": Cause.NO_ADDRESS,
    "no_provider": Cause.NO_PROVIDER,
    "channel_down": Cause.PROVIDER_OUTAGE,
    "unknown": Cause.UNKNOWN_OUTCOME,
    # What our own errors are called, before any provider was asked:
    "invalid": Cause.TEMPLATE_ERROR,
    "template_error": Cause.TEMPLATE_ERROR,
    "missing_variable": Cause.TEMPLATE_ERROR,
}

_PUT_OFF = {Blame.PROVIDER: Cause.PROVIDER_OUTAGE, Blame.ACCOUNT: Cause.CREDENTIALS}
"""Put off again and again by the others: a full mailbox, or the endpoint of a webhook, say."""

_REFUSED = {
    Blame.ADDRESS: Cause.INVALID_ADDRESS,
    Blame.CONTENT: Cause.REJECTED_CONTENT,
    Blame.ACCOUNT: Cause.CREDENTIALS,
    Blame.PROVIDER: Cause.PROVIDER_REFUSED,
    Blame.US: Cause.INTERNAL,
}

_HINTS = {
    Cause.NO_ADDRESS: (
        "The person has no address for this channel. Add one to the user, then replay."
    ),
    Cause.INVALID_ADDRESS: (
        "The address can't be reached. Ask the person for another one; a replay to this one fails."
    ),
    Cause.TEMPLATE_ERROR: (
        "The words could not be made. Repair the template or send what it needs; the error names"
        " what is missing."
    ),
    Cause.REJECTED_CONTENT: (
        "The provider does not take this message as it is. Read its answer, change the content,"
        " send anew."
    ),
    Cause.CREDENTIALS: (
        "The account at the provider does not work: credentials, quota or settings. Correct them,"
        " then replay."
    ),
    Cause.NO_PROVIDER: (
        "Nobody delivers by this channel here. Put it into CHANNEL_ENABLE_LIST, with a provider,"
        " then replay."
    ),
    Cause.PROVIDER_REFUSED: (
        "The provider refused it for a reason of its own. Read its answer; try another provider."
    ),
    Cause.PROVIDER_OUTAGE: (
        "The provider failed at every attempt. Replay when it is back, or add a second provider."
    ),
    Cause.ATTEMPTS_EXHAUSTED: (
        "It was put off at every attempt: a full mailbox, for instance, or a webhook's endpoint"
        " that answers no 2xx. Mend the endpoint, then replay; what only needs time, replay later."
    ),
    Cause.UNKNOWN_OUTCOME: (
        "It may have arrived: the connection or the process broke off in the middle of the send."
        " Look at the provider's own log; a replay could send it twice."
    ),
    Cause.INTERNAL: (
        "A defect of Sendwell, not of the message. Report it with the error code; a replay is safe."
        " One whose channel is none was never planned: send that notification anew."
    ),
}
