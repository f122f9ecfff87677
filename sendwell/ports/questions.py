"""What services ask each other over HTTP: read-only, but for the few commands at the end.

Each question is a name, the shape that is asked, and the shape that is answered, both as JSON.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from sendwell.domain.ids import ChannelName, Position, TenantId, UserId
from sendwell.domain.person import Person
from sendwell.domain.policy import Policy
from sendwell.domain.template import TemplateVersion
from sendwell.messages.outgoing import Outgoing
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
    """All tenants."""


class Tenants(msgspec.Struct, frozen=True):
    """Their rules, and those of whoever has none."""

    policies: dict[TenantId, Policy]
    otherwise: Policy


class AskCaller(msgspec.Struct, frozen=True):
    """Whose key is that?"""

    key: str


class CallerFound(msgspec.Struct, frozen=True):
    """`refusal` says why it is nobody's; `seconds` how long the answer may be remembered."""

    caller: Caller | None = None
    seconds: float = 0
    refusal: str = ""


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
    """Those were stopped."""

    parts: list[str]


class Nothing(msgspec.Struct, frozen=True):
    """It is done."""


TENANTS = Question("accounts", "tenants", AskTenants, Tenants)
CALLER = Question("accounts", "caller", AskCaller, CallerFound)
PEOPLE = Question("users", "people", AskPeople, PeopleFound)
SUPPRESSED = Question("users", "suppressed", AskSuppressed, SuppressedFound)
SUPPRESS = Question("users", "suppress", Suppress, Nothing)
TEMPLATE = Question("templates", "version", AskTemplate, TemplateFound)
INBOX = Question("inbox", "put", Put, Kept)
MAILBOX = Question("mailbox", "put", Put, Kept)
CANCEL = Question("delivery", "cancel", Cancel, Cancelled)
