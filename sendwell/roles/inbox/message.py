"""A message in a person's inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendwell.domain.ids import NotificationId


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """What a person sees. Times are microseconds since 1970, UTC; `read_at` is None until then."""

    id: int
    event_type: str
    notification: NotificationId
    title: str | None
    body: str
    data: Mapping[str, str]
    at: int
    read_at: int | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages; `last` is the id behind which more may follow, None at the end."""

    messages: Sequence[InboxMessage]
    last: int | None
