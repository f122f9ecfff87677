"""`Receipt`: what a provider says later about something it had accepted."""

from dataclasses import dataclass
from enum import StrEnum

from sendwell.domain.suppression import Source


class Said(StrEnum):
    """The kinds of receipt."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    FAILED = "failed"
    DEFERRED = "deferred"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    REPLIED = "replied"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event of a provider's webhook, in our words.

    `event_id` is unique per provider and event, so that a repeated webhook changes nothing;
    `key` is the delivery's key when the provider hands it back, else None and `reference` (the
    provider's message id) finds the delivery. `at` is microseconds since 1970, UTC.
    `is_address_gone`: the address must not be sent to again (hard bounce, STOP); `said_by` is who
    has said so, None where only the provider has.
    `address` is the `mark_of` the address that the event is about, by the vendor's own word.
    Without it a person's address is left alone, for they may have another one by now.
    """

    event_id: str
    said: Said
    at: int
    reference: str | None = None
    key: str | None = None
    code: str | None = None
    text: str | None = None
    is_address_gone: bool = False
    address: bytes | None = None
    said_by: Source | None = None
