"""Provider accounts from credentials: which there are, built, by channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.ports.provider import InboundReader, Provider, ReceiptReader
from sendwell.ports.vendor import Means
from sendwell.providers.discovery import load, vendors


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the webhooks of an account, and what that account is called in history."""

    account: str
    reader: ReceiptReader
    inbound: InboundReader | None = None


@dataclass(slots=True)
class Providers:
    """What the credentials came to: providers by channel and account, and readers of webhooks."""

    by_channel: dict[ChannelName, dict[str, Provider]] = field(default_factory=dict)
    readers: dict[tuple[str, str], Reader] = field(default_factory=dict)


def build_providers(credentials: Sequence[tuple[str, str, str]], means: Means) -> Providers:
    """The providers for (vendor, account, JSON) each. Raises Invalid, naming the variable.

    The integration of a webhook's URL is the account's name, `default` for the one without.
    """
    known: Mapping[ProviderName, object] = vendors()
    found = Providers()
    for vendor_name, account, json in credentials:
        variable = _variable(vendor_name, account)
        if vendor_name not in known:
            raise Invalid(f"{variable}: there is no vendor {vendor_name!r}; {_known(known)}.")
        vendor = load(vendors()[ProviderName(vendor_name)])
        try:
            parsed = vendor.parse(json)
        except Invalid as error:
            raise Invalid(f"{variable}: {error.message}") from error
        name = f"{vendor_name}__{account}" if account else vendor_name
        found.by_channel.setdefault(vendor.channel, {})[name] = vendor.build(parsed, means)
        if vendor.receipts is not None:
            inbound = vendor.inbound(parsed) if vendor.inbound is not None else None
            reader = Reader(name, vendor.receipts(parsed), inbound)
            found.readers[vendor_name, account or "default"] = reader
    return found


def _variable(vendor: str, account: str) -> str:
    return f"PROVIDER_CREDENTIALS_{vendor.upper()}" + (f"__{account.upper()}" if account else "")


def _known(known: Mapping[ProviderName, object]) -> str:
    return "there are " + ", ".join(sorted(known))
