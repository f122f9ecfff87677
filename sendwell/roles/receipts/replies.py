"""What people write back: who wants no more messages gets none, from that moment on."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from sendwell.domain.errors import Conflict
from sendwell.domain.ids import TenantId
from sendwell.domain.stop_words import Meaning, meaning
from sendwell.messages.inbound import Inbound
from sendwell.messages.receipt import Receipt, Said
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.reason import Reason
from sendwell.ports.clock import Clock
from sendwell.ports.listener import Listener, Reply
from sendwell.roles.receipts.look import Look
from sendwell.roles.receipts.store import ReceiptStore

log = structlog.get_logger()
Keep = Callable[[Sequence[Quarantine]], Awaitable[None]]
_HEEDED = frozenset({Meaning.REVOKE, Meaning.RESUME, Meaning.DOUBTFUL})
_WHY = "This may be a wish to get no more messages. Read it, and suppress the address if it is."


class Replies:
    """Takes in what people write. `keep` puts what is doubtful where somebody reads it."""

    def __init__(
        self, store: ReceiptStore, listener: Listener, *, keep: Keep, clock: Clock
    ) -> None:
        self._store = store
        self._listener = listener
        self._keep = keep
        self._clock = clock

    async def take(
        self, account: str, written: Sequence[Inbound], *, tenant: TenantId | None = None
    ) -> None:
        """Everything in it is heeded, each message once: a call that is posted again, by whomever,
        changes nothing.

        `account` is where it came from; `tenant` whose account that is, None for the platform's.
        Raises Unavailable when it could not be stored.
        """
        known = await self._store.recorded((account, each.event_id) for each in written)
        for each in written:
            if (account, each.event_id) not in known:
                await self._take(account, each, tenant)

    async def _take(self, account: str, written: Inbound, tenant: TenantId | None) -> None:
        meant = written.understood or meaning(written.text)
        log.info("replies.taken", provider=account, meaning=meant)
        if meant in _HEEDED:
            reply = Reply(
                tenant,
                written.channel,
                written.sender,
                meant,
                written.at,
                f"{account}:{written.event_id}",
            )
            tenants = await self._listener.hear(reply)
            if meant is Meaning.DOUBTFUL:
                await self._keep(_to_read(account, written, tenants, self._clock.now()))
        await self._record(account, written, tenant)

    async def _record(self, account: str, written: Inbound, tenant: TenantId | None) -> None:
        receipt = Receipt(written.event_id, Said.REPLIED, written.at)
        look = Look(0, account, tenant=tenant, receipt=receipt, taken_at=self._clock.now())
        try:
            await self._store.settle(look)
        except Conflict:
            log.info("replies.taken_elsewhere", provider=account)


def _to_read(
    account: str, written: Inbound, tenants: Sequence[TenantId], now: int
) -> list[Quarantine]:
    """One for each tenant that knows who wrote; where none does, it is for operators only."""
    readers: Sequence[TenantId | None] = tenants or [None]
    return [
        Quarantine(
            stream=f"{account}.inbound",
            place=f"{written.event_id}/{tenant or ''}",
            reason=Reason.DOUBTFUL_REPLY,
            text=_WHY,
            pointer="",
            body=written.text.encode(),
            headers={"from": written.sender, "channel": written.channel},
            at=now,
            tenant=tenant,
            id=written.event_id,
        )
        for tenant in readers
    ]
