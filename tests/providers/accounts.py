"""How each vendor that speaks HTTP is reached in tests: its simulator, and an account there."""

import json
import time

from sendwell.domain.ids import ProviderName
from sendwell.ports.provider import Provider, ReceiptReader
from sendwell.ports.smtp import Smtp
from sendwell.ports.vendor import Means, Relay
from sendwell.providers import discovery
from tests.simulators.fcm import FcmSimulator
from tests.simulators.sendgrid import SendGridSimulator
from tests.simulators.twilio import TwilioSimulator
from tests.simulators.webhook import WebhookSimulator

VendorSimulator = FcmSimulator | SendGridSimulator | TwilioSimulator | WebhookSimulator

SIMULATORS: dict[str, type[VendorSimulator]] = {
    "fcm": FcmSimulator,
    "sendgrid": SendGridSimulator,
    "standard": WebhookSimulator,
    "twilio": TwilioSimulator,
}


def now() -> int:
    """Microseconds since 1970: simulators check what was signed against the real time."""
    return time.time_ns() // 1000


def no_relay(relay: Relay) -> Smtp:
    """Not for the vendors in here."""
    raise AssertionError(f"a vendor that speaks HTTP asked for the relay {relay.host}")


def a_provider(name: str, simulator: VendorSimulator, means: Means, **changes: object) -> Provider:
    """The vendor's provider with an account at its simulator."""
    vendor = discovery.load(discovery.vendors()[ProviderName(name)])
    credentials = vendor.parse(json.dumps({**simulator.credentials, **changes}))
    return vendor.build(credentials, means)


def a_reader(name: str, simulator: VendorSimulator, **changes: object) -> ReceiptReader:
    """The reader of the vendor's webhooks for that account."""
    vendor = discovery.load(discovery.vendors()[ProviderName(name)])
    assert vendor.receipts is not None
    return vendor.receipts(vendor.parse(json.dumps({**simulator.credentials, **changes})))
