"""`Requested`: somebody asks to tell somebody something, and we have accepted it."""

from itertools import chain
from typing import Any

import msgspec

from sendwell.domain.ids import ChannelName, NotificationId, Position, TenantId, UserId
from sendwell.messages.original import Original

NOTHING = msgspec.Raw(b"{}")
"""An empty object. It takes no room on record where it is this one."""


class To(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One recipient: a person (`user_id`) or bare addresses, one per channel.

    In what comes in there may be a `topic` instead: all who have subscribed to it. What is accepted
    names the people.
    """

    user_id: UserId | None = None
    email: str | None = None
    phone: str | None = None
    token: str | None = None
    url: str | None = None
    locale: str | None = None
    timezone: str | None = None
    topic: str | None = None

    @property
    def is_one_address(self) -> bool:
        """Whether there is only one way to reach it."""
        addresses = (self.email, self.phone, self.token, self.url)
        return self.user_id is None and sum(each is not None for each in addresses) == 1


class Content(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Words: given by the producer, or rendered from a template."""

    text: str | None = None
    subject: str | None = None
    html: str | None = None
    title: str | None = None
    body: str | None = None
    data: dict[str, str] | None = None
    """Key-value pairs for a push client; strings only, as FCM demands."""

    @property
    def parts(self) -> dict[str, str]:
        """The words by part, without those that are empty."""
        return {part: words for part in _PARTS if (words := getattr(self, part))}

    @property
    def counted(self) -> dict[str, str]:
        """The words by part as limits count them: all names and values of the data are one."""
        if not self.data:
            return self.parts
        return self.parts | {"data": "".join(chain.from_iterable(self.data.items()))}


_PARTS = ("subject", "text", "html", "title", "body")


class TemplateRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A template by code; locale and version are pinned by the producer or chosen at planning."""

    code: str
    version: int | None = None
    locale: str | None = None


class Requested(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An accepted notification, exactly as it is stored in the journal.

    Guarantees: committed before anybody sees it; `position` orders it within its database;
    `data` and `metadata` are the producer's JSON, unchanged.
    """

    id: NotificationId
    tenant: TenantId
    position: Position
    accepted_at: int
    """Microseconds since 1970, UTC."""
    event_type: str
    lane: int
    to: tuple[To, ...]
    channels: tuple[ChannelName, ...] = ()
    """What was asked for; empty: the preferences or the tenant's order decide."""
    is_fallback: bool = False
    """Channels are tried one after the other instead of all at once."""
    is_critical: bool = False
    """Its category is declared critical: passes quiet hours and caps."""
    category: str = "default"
    topic: str | None = None
    """What it is about, as people subscribe to it; a path like news/sport."""
    template: TemplateRef | None = None
    content: Content | None = None
    data: msgspec.Raw = NOTHING
    metadata: msgspec.Raw = NOTHING
    send_at: str | None = None
    """RFC 3339; without an offset it is local wall time in `timezone` or the recipient's zone."""
    timezone: str | None = None
    expires_at: int | None = None
    correlation_id: str | None = None
    source: str = "rest"
    traceparent: str | None = None
    erased: tuple[int, ...] = ()
    """The recipients who were erased since, by their places in `to`: nothing is left of them."""
    original: Original | None = None
    """What the producer wrote; there only where streams that others know hand it on."""
    version: int = 1

    @property
    def falls_back(self) -> bool:
        """Whether its channels are tried in turn, as they are where nobody has asked for any."""
        return self.is_fallback or not self.channels

    def is_last_channel(self, recipient: int, channel: ChannelName) -> bool:
        """Whether no other channel may follow this one for that recipient, as far as it tells."""
        if not self.falls_back or self.channels[-1:] == (channel,):
            return True
        return self.to[recipient].is_one_address


_decode = msgspec.json.Decoder(Requested).decode
_encode = msgspec.json.Encoder().encode


def decode(body: bytes) -> Requested:
    """The message that `encode` wrote."""
    return _decode(body)


def encode(message: Requested) -> bytes:
    """The message as JSON, for the journal and the bus."""
    return _encode(message)


def plain(raw: msgspec.Raw) -> dict[str, Any]:
    """The producer's JSON object as plain Python values."""
    value: dict[str, Any] = msgspec.json.decode(raw)
    return value
