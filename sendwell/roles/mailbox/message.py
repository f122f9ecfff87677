"""A message in the mailbox, and what a list of messages is narrowed to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sendwell.domain.ids import ChannelName, NotificationId, UserId
from sendwell.domain.lane import Lane
from sendwell.messages.requested import Content


@dataclass(frozen=True, slots=True)
class MailboxMessage:
    """What one delivery would have been. `at` is microseconds since 1970, UTC."""

    id: int
    key: str
    channel: ChannelName
    user_id: UserId | None
    event_type: str
    notification: NotificationId
    part: str
    lane: Lane
    at: int
    address: str
    content: Content


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages, newest first; more are behind the id `last`, where it is given."""

    messages: Sequence[MailboxMessage]
    last: int | None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """All that are given must match; `to` is a whole address, `contains` some words of the content,
    both whatever the case.
    """

    channel: str | None = None
    user_id: str | None = None
    event_type: str | None = None
    notification: str | None = None
    to: str | None = None
    contains: str | None = None

    @property
    def reads_content(self) -> bool:
        """Whether it asks for what is in the envelope, which a database cannot look into."""
        return self.to is not None or self.contains is not None

    def admits(self, message: MailboxMessage) -> bool:
        """Whether what is in the envelope matches."""
        if self.to is not None and self.to.casefold() != message.address.casefold():
            return False
        if self.contains is None:
            return True
        wanted = self.contains.casefold()
        return any(wanted in words.casefold() for words in _words(message.content))


def _words(content: Content) -> Iterator[str]:
    parts = (content.subject, content.title, content.text, content.body, content.html)
    yield from (part for part in parts if part)
    yield from (content.data or {}).values()
