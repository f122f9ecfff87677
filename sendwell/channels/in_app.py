"""In-app messages, to the inbox that a person has with us."""

from sendwell.domain.channel import Channel, ContentLimit, Unit
from sendwell.domain.ids import ChannelName
from sendwell.domain.user_id import flaw_in_user_id

_LARGEST = 20_000


CHANNEL = Channel(
    name=ChannelName("in_app"),
    address_field="user_id",
    flaw_in_address=flaw_in_user_id,
    normalise=str,
    parts=("title", "body", "data"),
    limits=(ContentLimit(("title", "body", "data"), _LARGEST, Unit.BYTES),),
    resends_unknown=True,
)
