"""What the file of a vendor declares, so that settings, routes and pages can be derived from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.ports.http import Http
from sendwell.ports.provider import InboundReader, Provider, ReceiptReader
from sendwell.ports.smtp import Smtp


class Private(msgspec.Struct, frozen=True):
    """Values that nothing may print: not a log, not a traceback, not a debugger's page."""

    def __repr__(self) -> str:
        return f"{type(self).__qualname__}(…)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return []


class AccountCredentials(Private, frozen=True, forbid_unknown_fields=True):
    """One account at a vendor, as it is written down in JSON.

    A vendor's `Credentials` extend this; each field says what it is by `msgspec.Meta`, from which
    forms and the reference page are made.
    """


class Relay(Protocol):
    """Where a mail relay is and who we are there; an SMTP vendor's credentials are one."""

    @property
    def host(self) -> str: ...  # noqa: D102 – a value's fields, explained above
    @property
    def port(self) -> int: ...  # noqa: D102
    @property
    def username(self) -> str | None: ...  # noqa: D102
    @property
    def password(self) -> str | None: ...  # noqa: D102
    @property
    def tls(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Means:
    """What a provider may be built with; made once per process."""

    http: Http
    """For hosts that the operator configured."""
    guarded_http: Http
    """For URLs that came from tenants, people or payloads."""
    smtp: Callable[[Relay], Smtp]
    clock: Callable[[], int]
    """Microseconds since 1970, UTC."""


C = TypeVar("C", bound=AccountCredentials)


@dataclass(frozen=True, slots=True)
class Vendor(Generic[C]):
    """One vendor for one channel. Every file in `providers/<channel>/` has one, named VENDOR.

    `name` is the file's name; it appears in `PROVIDER_CREDENTIALS_<NAME>`, `ROUTE_<CHANNEL>`,
    `/webhooks/<name>/…`, metrics and history. `build` opens no connection and starts nothing.
    `receipts` is None for a vendor that never says anything later.
    """

    name: ProviderName
    channel: ChannelName
    credentials: type[C]
    build: Callable[[C, Means], Provider]
    receipts: Callable[[C], ReceiptReader] | None = None
    reports: Callable[[C], bool] = lambda _: True
    """Whether receipts about an account can reach us, by what is set of it."""
    receipts_by_reference: bool = False
    """Its receipts may name nothing but its own id of the message, so that has to be kept."""
    inbound: Callable[[C], InboundReader] | None = None
    """None for a vendor by whom nobody can answer."""

    def parse(self, json: str | bytes) -> C:
        """The credentials in a JSON object. Raises Invalid, naming the field and no value."""
        try:
            return msgspec.json.decode(json, type=self.credentials)
        except msgspec.DecodeError as error:
            raise Invalid(f"The credentials for {self.name} cannot be used: {error}.") from error

    def sends_receipts(self, json: str | bytes) -> bool:
        """Whether an account with these credentials says later what became of a message: by one
        that does not, SENT is the end. Raises Invalid as `parse` does.
        """
        return self.receipts is not None and self.reports(self.parse(json))
