"""What a contract is: how the producers of a preset write a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, Protocol, Self, TypeVar

import msgspec

from sendwell.domain.ids import ChannelName
from sendwell.messages.requested import Requested, To

EMPTY = msgspec.Raw(b"{}")
VERSION = 1
"""The major version of every contract so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a message says of itself, in our words. Nothing is checked but types.

    `fields` are of the gateway's request; with them go either `address`, which is one of the only
    channel asked for, or a recipient among the fields.
    """

    fields: Mapping[str, object]
    address: str | None = None
    channels: tuple[str, ...] = ()
    id: str | None = None
    key: str | None = None
    correlation_id: str | None = None
    trace_id: str | None = None
    source: str | None = None


class ProducerMessage(Protocol):
    """A request in the words of one preset: a frozen msgspec struct that tolerates more fields."""

    def claims(self) -> Claims:
        """What it says, in our words."""
        ...

    @classmethod
    def of(cls, request: Requested, to: To, channel: ChannelName | None) -> Self:
        """The message that asks for this, for one recipient, by one channel if there is one.

        Nothing is lost in it that a reader of the preset could understand.
        """
        ...


M = TypeVar("M", bound=ProducerMessage)


@dataclass(frozen=True, slots=True)
class Contract(Generic[M]):
    """A preset's requests: the message, and where its fields are in the gateway's request.

    `pointers` leads from places in the gateway's request to places in the message, so that a
    refusal points at what the producer wrote. `is_split_by_channel`: one id may be on the streams
    of several channels, and each is a notification of its own then.
    """

    message: type[M]
    pointers: Mapping[str, str] = field(default_factory=dict)
    is_split_by_channel: bool = True

    @property
    def schema(self) -> str:
        """What the message is called where the streams are described."""
        return self.message.__name__

    def decoder(self) -> msgspec.json.Decoder[M]:
        """A decoder of the message."""
        return msgspec.json.Decoder(self.message)

    def pointer(self, pointer: str) -> str:
        """The place in the message for a place in the gateway's request."""
        fitting = [ours for ours in self.pointers if f"{pointer}/".startswith(f"{ours}/")]
        if not fitting:
            return pointer
        longest = max(fitting, key=len)
        return self.pointers[longest] + pointer[len(longest) :]
