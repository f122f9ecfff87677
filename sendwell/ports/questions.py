"""What services ask each other over HTTP: read-only, but for the few commands at the end.

Each question is a name, the shape that is asked, and the shape that is answered, both as JSON.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from sendwell.domain.ids import ChannelName, Position, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.domain.suppression import Source
from sendwell.domain.template import TemplateVersion
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.audit import Entrusted
from sendwell.ports.directory import Changed
from sendwell.ports.keepers import Erased, Told, Whom
from sendwell.ports.listener import Reply
from sendwell.ports.quarantine import KeptInFull, Narrowed, Shelf
from sendwell.ports.tenants import Caller

Q = TypeVar("Q")
A = TypeVar("A")
PATH = "/internal/v1/"


@dataclass(frozen=True, slots=True)
class Question(Generic[Q, A]):
    """`role` is who answers it."""

    role: str
    name: str
    asked: type[Q]
    answered: type[A]

    @property
    def path(self) -> str:
        """Where it is asked."""
        return f"{PATH}{self.role}/{self.name}"


class AskTenants(msgspec.Struct, frozen=True):
    """All tenants, unless they are still as of that edition."""

    edition: str = ""


class Tenants(msgspec.Struct, frozen=True):
    """Their rules, and those of whoever has none; neither where nothing has changed."""

    policies: dict[TenantId, Policy] = {}
    otherwise: Policy | None = None
    edition: str = ""


class AskCaller(msgspec.Struct, frozen=True):
    """Whose key is that?"""

    key: str


class CallerFound(msgspec.Struct, frozen=True):
    """`refusal` says why it is nobody's; `seconds` how long the answer may be remembered."""

    caller: Caller | None = None
    seconds: float = 0
    refusal: str = ""


class AskRecord(msgspec.Struct, frozen=True):
    """Put these on record, each once."""

    deeds: list[Entrusted]


class AskPeople(msgspec.Struct, frozen=True):
    """These people of a tenant."""

    tenant: TenantId
    users: list[UserId]


class PeopleFound(msgspec.Struct, frozen=True):
    """Those that exist."""

    people: list[Person]


class AskSuppressed(msgspec.Struct, frozen=True):
    """Which of these addresses must not be sent to?"""

    tenant: TenantId
    addresses: list[tuple[ChannelName, str]]


class SuppressedFound(msgspec.Struct, frozen=True):
    """Those, with the reason."""

    addresses: list[tuple[ChannelName, str, str]]


class AskTopics(msgspec.Struct, frozen=True):
    """The topics of a tenant."""

    tenant: TenantId


class TopicsFound(msgspec.Struct, frozen=True):
    """Each with whether only its subscribers get it."""

    topics: dict[str, bool]


class AskSubscribers(msgspec.Struct, frozen=True):
    """Who has subscribed to it, at most so many."""

    tenant: TenantId
    topic: str
    most: int


class SubscribersFound(msgspec.Struct, frozen=True):
    """They, in the order of their ids."""

    users: list[UserId]


class AskChanges(msgspec.Struct, frozen=True):
    """Who has changed since those numbers? By the process that gave them."""

    seen: dict[str, int] = {}


class ChangesFound(msgspec.Struct, frozen=True):
    """They, as the process `source` knows, and the number of the last of its changes."""

    source: str
    number: int
    changed: list[Changed]


class AskTemplate(msgspec.Struct, frozen=True):
    """That version of a template, or the published one."""

    tenant: TenantId
    code: str
    version: int | None


class TemplateFound(msgspec.Struct, frozen=True):
    """None: there is none."""

    version: TemplateVersion | None


class Suppress(msgspec.Struct, frozen=True):
    """Put the address on the list."""

    tenant: TenantId
    channel: ChannelName
    address: str
    reason: str
    at: int
    source: Source = Source.GONE


class Heard(msgspec.Struct, frozen=True):
    """By the tenants who know somebody with that address."""

    tenants: list[TenantId]


class Put(msgspec.Struct, frozen=True):
    """Keep this message for somebody to look at."""

    outgoing: Outgoing


class Kept(msgspec.Struct, frozen=True):
    """Under this id."""

    id: str


class Cancel(msgspec.Struct, frozen=True):
    """Stop what has not gone out yet."""

    tenant: TenantId
    position: Position


class Cancelled(msgspec.Struct, frozen=True):
    """Those were stopped; those in flight go no further than this attempt."""

    parts: list[str]
    in_flight: list[str] = []


class AskOf(msgspec.Struct, frozen=True):
    """What is kept of that person: the next of it behind `after`."""

    whom: Whom
    after: str | None = None


class AskQuarantine(msgspec.Struct, frozen=True):
    """A tenant's messages in quarantine, as the port says."""

    tenant: TenantId
    narrowed: Narrowed
    before: int | None
    limit: int


class AskQuarantined(msgspec.Struct, frozen=True):
    """One of them."""

    tenant: TenantId
    number: int


class QuarantinedFound(msgspec.Struct, frozen=True):
    """None: there is none."""

    found: KeptInFull | None


class Nothing(msgspec.Struct, frozen=True):
    """It is done."""


TENANTS = Question("accounts", "tenants", AskTenants, Tenants)
CALLER = Question("accounts", "caller", AskCaller, CallerFound)
RECORD = Question("accounts", "record", AskRecord, Nothing)
PERSON = Question("users", "person", AskCaller, CallerFound)
PEOPLE = Question("users", "people", AskPeople, PeopleFound)
SUPPRESSED = Question("users", "suppressed", AskSuppressed, SuppressedFound)
TOPICS = Question("users", "topics", AskTopics, TopicsFound)
CHANGES = Question("users", "changes", AskChanges, ChangesFound)
SUBSCRIBERS = Question("users", "subscribers", AskSubscribers, SubscribersFound)
HEAR = Question("users", "hear", Reply, Heard)
SUPPRESS = Question("users", "suppress", Suppress, Nothing)
TEMPLATE = Question("templates", "version", AskTemplate, TemplateFound)
INBOX = Question("inbox", "put", Put, Kept)
MAILBOX = Question("mailbox", "put", Put, Kept)
CANCEL = Question("delivery", "cancel", Cancel, Cancelled)
TELL = Question("keepers", "tell", AskOf, Told)
ERASE = Question("keepers", "erase", AskOf, Erased)
QUARANTINE = Question("quarantine", "page", AskQuarantine, Shelf)
QUARANTINED = Question("quarantine", "find", AskQuarantined, QuarantinedFound)
"""Answered by every service, whatever its roles."""
