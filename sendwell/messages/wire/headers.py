"""The headers of messages on named streams: what we say besides the producer's JSON."""

from collections.abc import Mapping
from functools import lru_cache

from sendwell.domain.errors import Flaw, Invalid
from sendwell.messages.wire.reason import Reason

ORGANIZATION = "organization-id"
NOTIFICATION = "notification-id"
IDEMPOTENCY = "idempotency-key"
CORRELATION = "correlation-id"
TRACEPARENT = "traceparent"
SOURCE = "source"
SCHEMA_VERSION = "schema-version"
CONTENT_TYPE = "content-type"
AUTHORIZATION = "authorization"

CHANNEL = "sendwell-channel"
LANE = "sendwell-lane"
PART = "sendwell-part"
ATTEMPT = "sendwell-attempt"
DUE = "sendwell-due"

KIND = "sendwell-kind"
MESSAGE = "sendwell-message"
BODY = "sendwell-body"
SEAL = "sendwell-seal"

SEALED = (KIND, MESSAGE, BODY)
"""What is believed when it comes back."""

CAUSE = "sendwell-cause"
CODE = "sendwell-code"
TEXT = "sendwell-text"
PROVIDER = "sendwell-provider"
AT = "sendwell-at"

REASON = "sendwell-reason"
POINTER = "sendwell-pointer"
STREAM = "sendwell-stream"
PLACE = "sendwell-place"
LEFT_OUT = "sendwell-left-out"

MEANING: Mapping[str, str] = {
    ORGANIZATION: "The organization. Also known as `tenant-id`.",
    NOTIFICATION: "The notification's id.",
    IDEMPOTENCY: "Makes a repetition harmless where the message has no id of its own.",
    CORRELATION: "Follows one request through everything; the notification's id by default.",
    TRACEPARENT: "W3C Trace Context.",
    SOURCE: "The service that wrote it.",
    SCHEMA_VERSION: "Version of the message's schema; readers refuse a major one they don't know.",
    CONTENT_TYPE: "`application/json`.",
    AUTHORIZATION: "`Bearer` and a token of the organization, where `BUS_AUTH=jwt` asks for it.",
    CHANNEL: "The channel of the delivery.",
    LANE: "`critical`, `high`, `medium` or `low`.",
    PART: "Which delivery of the notification: `recipient.channel`.",
    ATTEMPT: "How many attempts were begun so far.",
    DUE: "When it goes on, RFC 3339 in UTC.",
    KIND: (
        "What `sendwell-message` holds: `requested` or `task`; `copy` of what was accepted by REST."
    ),
    MESSAGE: "Our own message as JSON, without what stands in the body.",
    BODY: "Which fields of our message stand in the body, and under which name there.",
    SEAL: "Shows that Sendwell wrote it: a keyed hash over the body and the three before it.",
    CAUSE: "Why it was given up: one of the causes of dead letters.",
    CODE: "The last error's code.",
    TEXT: "The last error, for people.",
    PROVIDER: "The provider account that had it last.",
    AT: "When this happened, RFC 3339 in UTC.",
    REASON: "Why it could not be read: one of the reasons of the quarantine.",
    POINTER: "What is wrong in the body, as JSON Pointer.",
    STREAM: "The stream that it came by.",
    PLACE: "Where it lay there.",
    LEFT_OUT: "`body` or `headers`: what was too long for this copy, and is in the database only.",
}
"""Every header there is, and what it says."""

_LONGEST = 1_024
_WITH_X = "x-"
_SYNONYMS = {"tenantid": "organizationid"}


class Told:
    """The headers of an arrived message. A name is found however its words are put together:
    `organizationId`, `organization_id` and `X-Organization-Id` are one, and `tenant-id` is it, too.
    """

    __slots__ = ("_values",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._values: dict[str, set[str]] = {}
        for name, value in headers.items():
            if value:
                self._values.setdefault(_plain(name), set()).add(value)

    def every(self, name: str) -> set[str]:
        """All that is said under a name, in any spelling. Raises Invalid for what is no text."""
        values = self._values.get(_plain(name))
        if values is None:
            return set()
        for value in values:
            _check(name, value)
        return values

    def one(self, name: str) -> str | None:
        """What is said under a name. Raises Invalid when two spellings say different things."""
        if _plain(name) not in self._values:
            return None
        (value, *others) = self.every(name)
        if others:
            raise invalid_header(name, "is there twice and says different things")
        return value


@lru_cache(maxsize=1_024)
def _plain(name: str) -> str:
    letters = name.lower().removeprefix(_WITH_X).replace("-", "").replace("_", "")
    return _SYNONYMS.get(letters, letters)


def _check(name: str, value: str) -> None:
    if len(value) > _LONGEST or not value.isprintable():
        raise invalid_header(name, f"must be text of at most {_LONGEST} characters on one line")


def invalid_header(name: str, why: str) -> Invalid:
    """The refusal of a message for one of its headers."""
    text = f"The header {name} {why}."
    return Invalid(text, flaws=[Flaw("", text)], code=Reason.INVALID_HEADER)
