"""Push, to the registration token of an app on a device."""

import re

from sendwell.domain.channel import Channel, ContentLimit, Unit
from sendwell.domain.ids import ChannelName

_TOKEN = re.compile(r"[!-~]{1,4096}")
_LARGEST = 4000  # FCM and APNs take 4,096 bytes; the rest is for the names of the fields


def flaw_in_address(address: str) -> str | None:
    """Why it is no token. Vendors leave its form open; it must fit in a line of a header."""
    if _TOKEN.fullmatch(address):
        return None
    return "A push token has 1 to 4096 printable ASCII characters and no spaces."


CHANNEL = Channel(
    name=ChannelName("push"),
    address_field="token",
    flaw_in_address=flaw_in_address,
    normalise=str,
    parts=("title", "body", "data"),
    limits=(ContentLimit(("title", "body", "data"), _LARGEST, Unit.BYTES),),
    resends_unknown=True,
)
