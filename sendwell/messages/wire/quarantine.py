"""`Quarantine`: a message that could not be taken, kept byte for byte for people to look at."""

from collections.abc import Mapping

import msgspec

from sendwell.domain.ids import TenantId
from sendwell.domain.instant import rfc3339_of
from sendwell.domain.presets.naming import WHOLE
from sendwell.domain.presets.preset import Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.wire import headers
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.reason import Reason

_MOST_BYTES = 4 * 1024 * 1024 - 256 * 1024
"""What our own topics on Kafka take, 4 MiB, has headers in it; the other buses take more."""
_MOST_HEADER_BYTES = 64 * 1024
"""RabbitMQ takes a frame of them, 128 KiB."""


class Quarantine(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One message in quarantine: enough to understand it, to put it right and to take it in again.

    `stream` is the physical name that it came by, `place` where it lay there (`topic/3@1042`);
    together they name it, so that the same one is kept once. `body` is in base64 as JSON. Personal
    data may stand in `body` and `headers`, and nowhere else.
    """

    stream: str
    place: str
    reason: Reason
    text: str
    pointer: str
    body: bytes
    headers: Mapping[str, str]
    at: int
    """When it was put here, in microseconds since 1970, UTC."""
    tenant: TenantId | None = None
    """Whose it seems to be, as far as nothing contradicts; without, only operators may see it."""
    id: str = ""
    key: str = ""
    """What the broker or the producer call it, and what it stayed in order with."""
    preset: str = "plain"
    """Whose contract it did not meet."""
    version: int = 1


def letter_of(kept: Quarantine, preset: Preset) -> Letter:
    """The message as it came, for who watches the quarantine on the broker; headers say why.

    Without what is too long: streams of others may take more than ours. We keep it in full.
    """
    body, told, left_out = kept.body, kept.headers, []
    if len(body) > _MOST_BYTES:
        body, left_out = b"", ["body"]
    if _size(told) > _MOST_HEADER_BYTES:
        told, left_out = {}, [*left_out, "headers"]
    why = {
        headers.REASON: kept.reason.value,
        headers.TEXT: kept.text,
        headers.POINTER: kept.pointer,
        headers.STREAM: kept.stream,
        headers.PLACE: kept.place,
        headers.AT: rfc3339_of(kept.at),
    }
    if left_out:
        why[headers.LEFT_OUT] = ", ".join(left_out)
    return Letter(
        preset.physical(LogicalStream.QUARANTINE, WHOLE),
        f"{kept.stream}:{kept.place}",
        kept.key,
        body,
        {**told, **why},
    )


def _size(told: Mapping[str, str]) -> int:
    return sum(len(f"{name}{value}".encode(errors="replace")) for name, value in told.items())
