"""In-app messages, to the inbox that a person has with us."""

import re

from sendwell.domain.channel import Channel, ContentLimit, Unit
from sendwell.domain.ids import ChannelName

_USER_ID = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,255}")
_LARGEST = 20_000


def flaw_in_address(address: str) -> str | None:
    """Why it can't be the id of a person."""
    if _USER_ID.fullmatch(address):
        return None
    return "A user id has 1 to 255 characters, without spaces and control characters."


CHANNEL = Channel(
    name=ChannelName("in_app"),
    address_field="user_id",
    flaw_in_address=flaw_in_address,
    normalise=str,
    parts=("title", "body", "data"),
    limits=(ContentLimit(("title", "body", "data"), _LARGEST, Unit.BYTES),),
    resends_unknown=True,
)
