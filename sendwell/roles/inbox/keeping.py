"""A person's inbox, told to them and let go; see the port Keeper."""

from sqlalchemy import ColumnElement, and_, delete, select

from sendwell.domain.instant import rfc3339_or_none
from sendwell.ports.database import Database
from sendwell.ports.keepers import Erased, Item, Told, Whom
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.inbox.tables import INBOX_MESSAGE as MESSAGE

_AT_ONCE = 500


class InboxKeeper:
    """On a SQL database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._store = InboxStore(database)

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        owner = whom.tenant, whom.user_id
        found = await self._store.behind(owner, int(after or 0), limit=_AT_ONCE)
        items = [
            Item(
                "inbox_message",
                {
                    "notification": message.notification,
                    "event_type": message.event_type,
                    "title": message.title,
                    "body": message.body,
                    "data": dict(message.data),
                    "at": rfc3339_or_none(message.at),
                    "read_at": rfc3339_or_none(message.read_at),
                },
            )
            for message in found.messages
        ]
        return Told(items, None if found.last is None else str(found.last))

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """Messages go as a whole: what was sent, and how that ended, the journal knows."""
        del after
        next_ones = select(MESSAGE.c.id).where(_is_theirs(whom)).order_by(MESSAGE.c.id)
        rows = await self._database.rows(next_ones.limit(_AT_ONCE))
        if not rows:
            return Erased()
        these = and_(_is_theirs(whom), MESSAGE.c.id <= rows[-1].id)
        (done,) = await self._database.execute(delete(MESSAGE).where(these))
        return Erased(done.rowcount, str(rows[-1].id))


def _is_theirs(whom: Whom) -> ColumnElement[bool]:
    return and_(MESSAGE.c.tenant == whom.tenant, MESSAGE.c.user_id == whom.user_id)
