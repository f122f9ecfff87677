"""SMS, to a phone number as in ITU-T E.164."""

import re

from sendwell.domain.channel import Channel, ContentLimit
from sendwell.domain.ids import ChannelName

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_LONGEST = 1600  # ten segments; Twilio's Body and most other vendors end there


def flaw_in_address(address: str) -> str | None:
    """Why it is not E.164. Nothing is guessed: 0664… is another number in each country."""
    if _E164.fullmatch(address):
        return None
    return (
        "A phone number is written in the international form E.164: + and the country code, then"
        " the number without its leading 0, 8 to 15 digits and nothing between, like +436641234567."
    )


CHANNEL = Channel(
    name=ChannelName("sms"),
    address_field="phone",
    flaw_in_address=flaw_in_address,
    normalise=str,
    parts=("text",),
    limits=(ContentLimit(("text",), _LONGEST),),
    resends_unknown=False,  # vendors take no idempotency key, and each message costs money
    expects_receipts=True,
)
