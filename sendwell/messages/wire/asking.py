"""From what a message claims, its headers and its stream to one request for the gateway."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from sendwell.domain.channel import Channel
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.messages.wire import headers
from sendwell.messages.wire.contract import Claims, Contract
from sendwell.messages.wire.fields import present
from sendwell.messages.wire.headers import Told
from sendwell.messages.wire.incoming import Asked, Incoming
from sendwell.messages.wire.reason import Reason
from sendwell.messages.wire.strict import refusal
from sendwell.messages.wire.trace import traceparent_of

_encode = msgspec.json.Encoder().encode
LONGEST_ID = 64
LONGEST_KEY = 255
"""What the gateway takes, with all that we put behind what a producer wrote."""
_BUS = "bus"


class Asking:
    """Puts requests of one contract together. Every method raises Invalid for contradictions."""

    def __init__(self, contract: Contract[Any], channels: Mapping[ChannelName, Channel]) -> None:
        self._contract = contract
        self._channels = channels

    def asked(self, claims: Claims, incoming: Incoming, told: Told, *, tenant: TenantId) -> Asked:
        """The request, as JSON that the gateway's `read` takes."""
        channels = self._channels_of(claims, incoming.share.channel)
        names = self._names(claims, incoming, told)
        lane = incoming.share.lane
        fields = {
            **present(priority=lane.label if lane is not None else None),
            **claims.fields,
            **self._where(claims, channels),
            **names,
        }
        return Asked(
            tenant,
            _encode(fields),
            names.get("id"),
            names.get("idempotency_key"),
            claims.source or told.one(headers.SOURCE) or _BUS,
            told.one(headers.TRACEPARENT) or traceparent_of(claims.trace_id),
        )

    def _names(self, claims: Claims, incoming: Incoming, told: Told) -> dict[str, str]:
        """Id, idempotency key and correlation id, as far as there are any."""
        id_ = self._id(claims.id, told.one(headers.NOTIFICATION))
        key = claims.key or told.one(headers.IDEMPOTENCY)
        correlation_id = claims.correlation_id or told.one(headers.CORRELATION)
        channel = incoming.share.channel
        behind = f":{channel}" if channel and self._contract.is_split_by_channel else ""
        if id_ is None and key is None and incoming.id:
            key = _key(incoming.id, longest=LONGEST_KEY - len(behind))
        if behind:
            correlation_id = correlation_id or id_
            id_ = self._split(id_, behind, "/id", longest=LONGEST_ID)
            key = self._split(key, behind, "/idempotency_key", longest=LONGEST_KEY)
        given = {"id": id_, "idempotency_key": key, "correlation_id": correlation_id}
        return {name: value for name, value in given.items() if value is not None}

    def _id(self, in_message: str | None, in_header: str | None) -> str | None:
        if in_message is not None and in_header is not None and in_message != in_header:
            pointer = self._contract.pointer("/id")
            why = f"{pointer}: The header {headers.NOTIFICATION} says something else."
            raise refusal(Reason.CONTRADICTION, why, pointer)
        return in_message or in_header

    def _split(self, name: str | None, behind: str, where: str, *, longest: int) -> str | None:
        """What an intent is called on the stream of one of its channels."""
        if name is None or len(name) + len(behind) <= longest:
            return name and name + behind
        pointer = self._contract.pointer(where)
        room = longest - len(behind)
        why = f"{pointer}: Use at most {room} characters here: {behind} is put behind them."
        raise refusal(Reason.INVALID_FIELD, why, pointer)

    def _channels_of(self, claims: Claims, own: ChannelName | None) -> tuple[ChannelName, ...]:
        """The channels that the message names, or the only one whose stream it came by."""
        names = tuple(ChannelName(name.lower()) for name in claims.channels)
        for number, name in enumerate(names):
            if name not in self._channels:
                raise self._unknown(name, number, len(names))
        if own is None:
            return tuple(dict.fromkeys(names))
        if names and own not in names:
            pointer = self._pointer(0, len(names))
            why = f"{pointer}: It came by the stream of {own} and asks for other channels."
            raise refusal(Reason.CONTRADICTION, why, pointer)
        return (own,)

    def _unknown(self, name: ChannelName, number: int, count: int) -> Invalid:
        pointer = self._pointer(number, count)
        known = ", ".join(sorted(self._channels))
        why = f"{pointer}: There is no such channel here; there are {known}."
        if name.isidentifier():
            why = f"{pointer}: There is no channel {name[:40]} here; there are {known}."
        return refusal(Reason.UNKNOWN_CHANNEL, why, pointer)

    def _pointer(self, number: int, count: int) -> str:
        ours = "/channel" if count == 1 else f"/channels/{number}"
        return self._contract.pointer(ours)

    def _where(self, claims: Claims, channels: tuple[ChannelName, ...]) -> dict[str, object]:
        """The channels and, where the message gives an address by itself, the recipient."""
        found: dict[str, object] = {}
        if len(channels) == 1:
            found["channel"] = channels[0]
        elif channels:
            found["channels"] = channels
        if claims.address is not None:
            found["to"] = {self._channels[channels[0]].address_field: claims.address}
        return found


def _key(id_: str, *, longest: int) -> str:
    """The broker's name for a message as idempotency key, which is short and visible ASCII."""
    if len(id_) <= longest and id_.isascii() and id_.isprintable() and " " not in id_:
        return id_
    return blake2b(id_.encode(errors="surrogatepass"), digest_size=16).hexdigest()
