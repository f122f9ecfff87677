"""The inbox at work: stores messages, and follows an inbox live from any point on."""

from collections.abc import AsyncGenerator

from sendwell.domain.errors import NotFound
from sendwell.messages.outgoing import Outgoing
from sendwell.ports.clock import Clock
from sendwell.roles.inbox.message import InboxMessage, MessagePage
from sendwell.roles.inbox.store import InboxStore, Owner
from sendwell.runtime.bell import Bell
from sendwell.runtime.cluster.news import News

_CHUNK = 100


class Inbox:
    """The Shelf behind the provider `stored`, and what people's browsers ask."""

    def __init__(self, store: InboxStore, clock: Clock, *, news: News | None = None) -> None:
        self._store = store
        self._clock = clock
        self._bell: Bell[Owner] = Bell()
        self._news = news or News("inbox")
        self._news.listen(lambda *owner: self._bell.ring(owner), self._bell.ring_all)

    async def put(self, outgoing: Outgoing) -> str:
        """As promised by the port; the person it is for is `outgoing.address`."""
        owner = outgoing.tenant, outgoing.address
        told = self._news.told(*owner)
        number = await self._store.put(outgoing, self._clock.now(), told=told)
        self._bell.ring(owner)
        return str(number)

    async def page(
        self, owner: Owner, *, before: int | None, limit: int, is_unread: bool = False
    ) -> MessagePage:
        """Messages older than the id `before`, newest first; only unread ones if asked. Fewer than
        `limit` where they are long.
        """
        return await self._store.page(owner, before=before, limit=limit, is_unread=is_unread)

    async def unread(self, owner: Owner) -> int:
        """How many messages nobody has read."""
        return await self._store.unread(owner)

    async def read(self, owner: Owner, number: int) -> None:
        """It is read; a second time changes nothing. Raises NotFound."""
        if not await self._store.read(owner, number, self._clock.now()):
            raise NotFound(f"There is no message {number} in this inbox.")

    async def forget(self, before: int) -> int:
        """Forget what came before then, read or not; gives how many those were."""
        return await self._store.forget(before)

    async def follow(
        self, owner: Owner, *, after: int | None = None
    ) -> AsyncGenerator[InboxMessage]:
        """Every message behind the id `after` (None: from now on), in order, until `close`.

        Nothing is kept for a slow reader: it is woken, and reads on from the table where it was.
        """
        with self._bell.listening(owner) as heard:
            last = await self._store.newest(owner) if after is None else after
            while not self._bell.is_closed:
                heard.clear()
                while page := (await self._store.behind(owner, last, limit=_CHUNK)).messages:
                    for message in page:
                        yield message
                    last = page[-1].id
                await heard.wait()

    def close(self) -> None:
        """End all live streams, so that the server can stop; browsers come back by themselves."""
        self._bell.close()
