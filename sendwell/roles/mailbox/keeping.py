"""What the dev mailbox has caught for a person; see the port Keeper."""

import msgspec

from sendwell.domain.ids import ChannelName
from sendwell.domain.instant import rfc3339_or_none
from sendwell.ports.keepers import Erased, Item, Told, Whom
from sendwell.roles.mailbox.message import MailboxMessage, Narrowing
from sendwell.roles.mailbox.store import MailboxStore

_AT_ONCE = 50

_ALL = Narrowing()
_EMAIL = ChannelName("email")


class MailboxKeeper:
    """Looks through the tenant's messages, newest first: the mailbox keeps few."""

    def __init__(self, store: MailboxStore) -> None:
        self._store = store

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        theirs, more = await self._step(whom, after)
        return Told([Item("mailbox_message", _document(message)) for message in theirs], more)

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """Messages go as a whole: what was sent, and how that ended, the journal knows."""
        theirs, more = await self._step(whom, after)
        if not theirs:
            return Erased(0, more)
        gone = await self._store.discard(whom.tenant, [message.id for message in theirs])
        return Erased(gone, more)

    async def _step(self, whom: Whom, after: str | None) -> tuple[list[MailboxMessage], str | None]:
        before = None if after is None else int(after)
        page = await self._store.page(whom.tenant, _ALL, before=before, limit=_AT_ONCE)
        theirs = [message for message in page.messages if _is_theirs(message, whom)]
        return theirs, None if page.last is None else str(page.last)


def _is_theirs(message: MailboxMessage, whom: Whom) -> bool:
    if message.user_id is not None:
        return message.user_id == whom.user_id
    own = message.channel, _folded(message.channel, message.address)
    return own in {(channel, _folded(channel, address)) for channel, address in whom.addresses}


def _folded(channel: ChannelName, address: str) -> str:
    return address.lower() if channel == _EMAIL else address


def _document(message: MailboxMessage) -> dict[str, object]:
    return {
        "notification": message.notification,
        "delivery": message.part,
        "event_type": message.event_type,
        "channel": message.channel,
        "address": message.address,
        "content": msgspec.to_builtins(message.content),
        "at": rfc3339_or_none(message.at),
    }
