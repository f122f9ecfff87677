"""What is told outside about deliveries: an event a move, in the words of the preset."""

from collections.abc import Mapping

import msgspec

from sendwell.domain.presets.verdict import Verdict
from sendwell.messages.wire.events.direct import QueueStatus
from sendwell.messages.wire.events.intents import IntentOutcome
from sendwell.messages.wire.events.plain import DeliveryStatus
from sendwell.messages.wire.events.tenant import TenantStatus
from sendwell.messages.wire.move import Move

Event = DeliveryStatus | TenantStatus | IntentOutcome | QueueStatus

EVENTS: Mapping[str, type[Event]] = {
    "plain": DeliveryStatus,
    "tenant": TenantStatus,
    "intents": IntentOutcome,
    "lanes": DeliveryStatus,  # that contract has no event of its own
    "direct": QueueStatus,
}
"""The event of each preset."""

_encode = msgspec.json.Encoder().encode


def event_of(preset: str, move: Move, verdict: Verdict | None) -> bytes | None:
    """The event as JSON; None where the preset tells only verdicts, and there is none yet."""
    kind = EVENTS[preset]
    if issubclass(kind, IntentOutcome):
        return None if verdict is None else _encode(kind.of(move, verdict))
    return _encode(kind.of(move))
