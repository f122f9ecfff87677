"""Settles a batch of receipts: what is new, whose it is, what it means, and one commit for all."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from sendwell.domain.errors import Conflict, Unavailable
from sendwell.ports.clock import Clock
from sendwell.ports.deliveries import Deliveries, Found, Sought
from sendwell.ports.suppressions import Suppressions
from sendwell.roles.receipts.awaited import Awaited
from sendwell.roles.receipts.decision import Decision, decide
from sendwell.roles.receipts.look import Look
from sendwell.roles.receipts.meaning import suppression
from sendwell.roles.receipts.store import ReceiptStore
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.flow import Flow, Message
from sendwell.runtime.scene import Scene

log = structlog.get_logger()
_MOST_TRIES = 3


class ReceiptSettler:
    """One batch at a time: a decision must not rest on what another one is just changing.

    `wait` is told when to look at which receipt again, once that is on disk.
    """

    def __init__(
        self,
        store: ReceiptStore,
        deliveries: Deliveries,
        suppressions: Suppressions,
        *,
        flow: Flow,
        clock: Clock,
        awaited: Awaited,
        wait: Callable[[int, int], None],
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._suppressions = suppressions
        self._flow = flow
        self._clock = clock
        self._awaited = awaited
        self._wait = wait

    async def settle(self, looks: Sequence[Look]) -> None:
        """Each event is on disk, once, with the move it makes, or waits there for its delivery.

        When another process was faster with some of them, it is decided anew on what that one has
        left. Raises Unavailable when that goes on.
        """
        for _ in range(_MOST_TRIES):
            try:
                return await self._settle(await self._new(looks))
            except Conflict:
                log.info("receipts.conflict", receipts=len(looks))
        raise Unavailable("These receipts are being settled elsewhere; send them again.")

    async def _new(self, looks: Sequence[Look]) -> list[Look]:
        """One look for each event that nobody has settled, and that does not wait already."""
        events = {look.event for look in looks}
        recorded = await self._store.recorded(events)
        await self._let_go([look for look in looks if look.is_kept and look.event in recorded])
        waiting = await self._store.waiting(events)
        new = {
            look.event: look
            for look in looks
            if look.event not in recorded and waiting.get(look.event, look.number) == look.number
        }
        return list(new.values())

    async def _let_go(self, looks: Sequence[Look]) -> None:
        """Somebody else was told of these, and has settled them while they waited."""
        if looks:
            await self._store.release(looks)
            self._awaited.discard(looks)

    async def _settle(self, looks: Sequence[Look]) -> None:
        # Before anybody seeks the deliveries: one may be committed right behind the search.
        self._awaited.add(looks)
        try:
            decision = await self._decide(looks)
            failpoint("receipt.before")
            await self._flow.say(lambda scene: self._write(scene, decision))
            failpoint("receipt.after")
        except BaseException:
            self._awaited.discard(looks)
            raise
        self._awaited.discard(settled.look for settled in decision.settled)

    async def _decide(self, looks: Sequence[Look]) -> Decision:
        found = await self._deliveries.find({look.sought for look in looks})
        theirs = {
            look.sought: there
            for look in looks
            if (there := found.get(look.sought)) and look.tenant in {None, there.tenant}
        }
        # Before the commit: when we die between the two, the receipt is told or looked at again.
        await self._suppress(looks, theirs)
        now = self._clock.now()
        long = {look.account for look in looks if look.waits_long(now)}
        crowded = {each for each in long if await self._store.is_crowded(each, now=now)}
        return decide(looks, theirs, now, crowded=crowded)

    async def _suppress(self, looks: Sequence[Look], found: Mapping[Sought, Found]) -> None:
        for look in looks:
            because, there = suppression(look.receipt), found.get(look.sought)
            if because is None or there is None or there.address is None:
                continue
            reason, source = because
            await self._suppressions.suppress(
                there.tenant,
                there.channel,
                address=there.address,
                reason=reason,
                at=look.receipt.at,
                source=source,
            )

    def _write(self, scene: Scene, decision: Decision) -> Sequence[Message]:
        for settled in decision.settled:
            scene.write(self._store.record(settled.look, settled.found, settled.state))
        for look in decision.waiting:
            due = look.due(scene.now)
            scene.write(self._store.wait(look, due))
            scene.after_commit(partial(self._wait, due, look.number))
        return decision.statuses()
