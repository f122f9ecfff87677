"""What comes in by a bus, and what is made of it for the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sendwell.domain.ids import TenantId
from sendwell.domain.presets.naming import WHOLE, Share


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it arrived.

    `share` is what its stream says of it: the channel of `email.queue`, the lane of
    `notifications.high`. `id` is the broker's or the producer's name for it, empty for none.
    `stored_at` is since when it lies on the broker, in microseconds since 1970, if that is known.
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    id: str = ""
    share: Share = WHOLE
    stored_at: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, read: `body` is JSON that the gateway's `read` takes, names and all.

    `body` holds id, idempotency key and correlation id, too; the same message always gives the
    same bytes. `id` and `key` say by what a repetition is recognized: with neither, only by where
    it lay on the broker.
    """

    tenant: TenantId
    body: bytes
    id: str | None
    key: str | None
    source: str
    traceparent: str | None
