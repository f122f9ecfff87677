"""The mailbox's store, and messages for it."""

import asyncio
from typing import Any

from httpx2 import AsyncClient

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.ids import ChannelName, NotificationId, TenantId, UserId
from sendwell.domain.lane import Lane
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.requested import Content
from sendwell.roles.mailbox.api import PATH
from sendwell.roles.mailbox.message import MessagePage, Narrowing
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore

SAMPLE, OTHER = TenantId("sample"), TenantId("other")
NOTIFICATION = NotificationId("0191f0aa-7c1e-7000-8000-000000000001")
EVERYTHING = Narrowing()


class WatchedStore(MailboxStore):
    """Tells when somebody has looked and may be waiting now."""

    def __init__(self, database: SqliteDatabase) -> None:
        super().__init__(database)
        self.looked = asyncio.Event()

    async def page(self, *args: Any, **kwargs: Any) -> MessagePage:
        found = await super().page(*args, **kwargs)
        self.looked.set()
        return found


def an_outgoing(
    part: str = "0.email",
    *,
    tenant: TenantId = SAMPLE,
    channel: str = "email",
    address: str = "ada@example.org",
    content: Content | None = None,
    event_type: str = "order_shipped",
    user_id: str | None = None,
) -> Outgoing:
    return Outgoing(
        key=f"{NOTIFICATION}.{part}",
        tenant=tenant,
        notification=NOTIFICATION,
        part=part,
        channel=ChannelName(channel),
        address=address,
        content=content or Content(subject="Your parcel", text="It is on its way."),
        lane=Lane.HIGH,
        attempt=1,
        event_type=event_type,
        user_id=UserId(user_id) if user_id else None,
    )


async def fill(mailbox: Mailbox, number: int, *, first: int = 0) -> None:
    for each in range(first, first + number):
        await mailbox.put(an_outgoing(f"{each}.email"))


async def shown(client: AsyncClient, **query: str) -> list[str]:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 200
    return [message["delivery"] for message in answer.json()["data"]]
