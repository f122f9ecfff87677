"""What the delivery role knows of a vendor."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sendwell.domain.outcome import Outcome
from sendwell.messages.inbound import Inbound
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.receipt import Receipt


class Provider(Protocol):
    """One account at one vendor, for one channel."""

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one delivery to the vendor and say what it came to. Raises nothing."""
        ...


class ReceiptReader(Protocol):
    """Understands the webhooks of one vendor account."""

    def read(
        self, *, url: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Sequence[Receipt]:
        """The receipts in one webhook call, after its signature was verified on the raw bytes.

        `url` is the public URL as the vendor was told it, header names are lower case, `now` is
        microseconds since 1970. Raises Denied when the signature is missing, wrong or too old,
        Invalid when the signed body is not what the vendor documents. Events we have no word for
        are left out.
        """
        ...


class InboundReader(Protocol):
    """Understands the webhooks by which one vendor account hands on what people wrote."""

    def read(
        self, *, url: str, headers: Mapping[str, str], body: bytes, now: int
    ) -> Sequence[Inbound]:
        """The messages in one webhook call; everything else as for `ReceiptReader.read`."""
        ...
