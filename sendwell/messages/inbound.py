"""`Inbound`: what somebody wrote to one of our senders."""

from dataclasses import dataclass

from sendwell.domain.ids import ChannelName
from sendwell.domain.stop_words import Meaning


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message of a provider's webhook, in our words.

    `event_id` is unique per provider and message; `sender` is who wrote, as an address of the
    channel; `at` is microseconds since 1970, UTC. `understood` is what the vendor has made of it
    by itself, by words that were agreed with the vendor.
    """

    event_id: str
    channel: ChannelName
    sender: str
    text: str
    at: int
    understood: Meaning | None = None
