"""Tells others what became of deliveries, on the preset's status streams."""

from collections.abc import Mapping

from sendwell.domain.channel import Channel
from sendwell.domain.ids import ChannelName
from sendwell.domain.presets.naming import Share
from sendwell.domain.presets.preset import Partition, Preset
from sendwell.domain.presets.streams import LogicalStream
from sendwell.domain.presets.verdict import Verdict, verdict_of
from sendwell.messages.status import Status
from sendwell.messages.wire import headers
from sendwell.messages.wire.contract import VERSION
from sendwell.messages.wire.events import event_of
from sendwell.messages.wire.letter import Letter
from sendwell.messages.wire.move import Move


class Announcer:
    """Makes the letters of one preset's status streams."""

    def __init__(self, preset: Preset, channels: Mapping[ChannelName, Channel]) -> None:
        self._preset = preset
        self._channels = channels

    def letter(self, move: Move) -> Letter | None:
        """The event of a move; None where the preset has none for it: it tells only verdicts."""
        status = move.status
        verdict = self._verdict(move)
        body = event_of(self._preset.name, move, verdict)
        if body is None:
            return None
        return Letter(
            self._preset.physical(LogicalStream.STATUS, Share(status.channel, None, verdict)),
            f"{status.tenant}:{move.key}",
            self._key(status),
            body,
            _told(move),
        )

    def _key(self, status: Status) -> str:
        """The same for all moves of a delivery. An address is no key: everybody may read these."""
        if self._preset.partition_by is Partition.TENANT:
            return status.tenant
        return f"{status.tenant}/{status.user_id or status.notification}"

    def _verdict(self, move: Move) -> Verdict | None:
        channel = self._channels[move.status.channel]
        return verdict_of(
            move.status.state, is_end=move.is_end, can_bounce=channel.expects_receipts
        )


def _told(move: Move) -> dict[str, str]:
    told = {
        headers.ORGANIZATION: move.status.tenant,
        headers.NOTIFICATION: move.status.notification,
        headers.CORRELATION: move.correlation_id,
        headers.IDEMPOTENCY: move.key,
        headers.SOURCE: "sendwell",
        headers.SCHEMA_VERSION: str(VERSION),
        headers.CONTENT_TYPE: "application/json",
    }
    return {**told, headers.TRACEPARENT: move.traceparent} if move.traceparent else told
