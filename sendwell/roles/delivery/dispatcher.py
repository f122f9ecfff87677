"""The sends of one channel: keeps its seats filled while there is work for them.

An attempt is claimed on disk before its send begins, and only what enters a socket now is claimed:
so a crash leaves as few attempts with an unknown result as there are seats. Work that finds a seat
the moment it is planned is claimed by the commit that plans it; what has waited, by one of its own.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.fair_queue import Serves
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import BY_NUMBER, Lane
from sendwell.domain.outcome import Blame, Fault, Outcome, Unknown
from sendwell.messages.task import Task
from sendwell.ports.clock import Clock
from sendwell.roles.delivery.events import Event, Sent
from sendwell.roles.delivery.exchange import Exchange
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.rows import Claim
from sendwell.roles.delivery.seating import Seated, Seating, Send
from sendwell.roles.delivery.settler import Settler
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.runtime.failpoints import failpoint
from sendwell.runtime.waiting import wait_at_most

log = structlog.get_logger()
_BATCH = 64
_AFTER_A_FAILURE_SECONDS = 0.5
_A_MOMENT = 0.05


class Dispatcher:
    """Takes work with a free seat at once, and the rest from its ready queue, in turn."""

    def __init__(
        self,
        channel: ChannelName,
        *,
        ready: ReadyQueue,
        exchange: Exchange,
        seating: Seating,
        settler: Settler,
        store: DeliveryStore,
        clock: Clock,
        epoch: int,
        may_send: Callable[[], bool],
        freed: Callable[[], None],
        capacity: int = 256,
    ) -> None:
        self.channel = channel
        self.ready = ready
        self.exchange = exchange
        self._seating = seating
        self._settler = settler
        self._store = store
        self._clock = clock
        self._epoch = epoch
        self._may_send = may_send
        self._freed = freed
        self._capacity = capacity
        self._seats = 0
        self._sends: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def run(self) -> None:
        """Work off the ready queue until `stop`; then everything in flight has come back.

        When it is cancelled, what it had taken is either on its way or back in the queue.
        """
        while not self._is_stopping:
            await self._fill()
            await self._settler.has_room()
            if stranded := self._stranded():
                await _to_its_end(self._pass_on(stranded))
            ends = self._ends()  # before we look: one that ends meanwhile is not slept through
            tasks = self.ready.take(min(_BATCH, self.room()), serves=self._serving())
            if tasks:
                await _to_its_end(self._dispatch(tasks))
            elif not stranded:
                await self._rest(ends)
        while self._seats:  # seats taken with a plan are sent from once that is on disk
            self.ready.changed.clear()
            await self.ready.changed.wait()

    def stop(self) -> None:
        """Take nothing more."""
        self._is_stopping = True
        self.ready.changed.set()

    def look_again(self) -> None:
        """Pauses are over, whatever they were for."""
        self._seating.pauses.clear()
        self._wake()

    def room(self) -> int:
        """How many sends could begin now."""
        if self._is_stopping:
            return 0
        free = self._free_outside() or self.exchange.free_in_house()
        return min(self._capacity - self._seats, free)

    def appetite(self) -> int:
        """How much new work, of whatever tenant, would find a seat at once."""
        if not self.ready.is_empty or not self._free_outside():
            return 0
        most = self._seats_for_one(urgent=False)
        return min(self.room(), most - max(self._seating.in_flight.values(), default=0))

    async def seat(self, tasks: Sequence[Task], now: int) -> Seated:
        """Take seats for new work, as far as nothing older waits for them.

        Follow up with `send` once the claims are on disk, or with `leave`.
        """
        room, serves = self.room(), self._serving()
        waits = not self.ready.is_empty
        waits_urgent = waits and self.ready.has_urgent
        fit: list[Task] = []
        others: list[Task] = []
        for task in tasks:
            lane = BY_NUMBER[task.request.lane]
            is_behind = waits_urgent if lane.is_urgent else waits
            is_next = not is_behind and len(fit) < room and serves(lane, task.request.tenant)
            (fit if is_next else others).append(task)
        seated = await self._seat(fit, now)
        seated.back += others
        return seated

    def send(self, sends: Sequence[Send]) -> None:
        """Begin these attempts: their claims are on disk."""
        self._seating.claimed(sends)
        for send in sends:
            job = asyncio.create_task(self._send(send))
            self._sends.add(job)
            job.add_done_callback(self._sends.discard)

    def leave(self, sends: Sequence[Send]) -> None:
        """Give the seats back: nothing is sent."""
        for send in sends:
            if send.seat.is_taken:
                self._seats -= 1
                self._seating.leave(send.seat)
        self._wake()

    async def _fill(self) -> None:
        """Read back what is on disk only. When that fails, what is in memory goes on."""
        try:
            await self.ready.fill()
        except Exception as error:  # noqa: BLE001 - it is told
            self._tell("delivery.not_read_back", error)
            await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)
            self.ready.changed.set()  # nobody else says that it is to be tried again

    async def _dispatch(self, tasks: Sequence[Task]) -> None:
        """Send what may be sent. When that fails as a whole, the tasks wait where they were."""
        now = self._clock.now()
        seated = Seated()
        try:
            seated = await self._seat(tasks, now)
            seated.events = await self._still_meant(seated.events)
            claimed = await self._claimed(seated.sends, now)
        except Exception as error:  # noqa: BLE001 - it is told
            self._tell("delivery.dispatch_failed", error, deliveries=len(tasks))
            self.leave(seated.sends)
            await self._put_back(tasks)
            return
        self.ready.untake(seated.back)
        self.ready.put_due(seated.waiting)
        self._settler.put(seated.events)
        for send in claimed:
            send.begin(now)
        self.send(claimed)
        if len(claimed) < len(seated.sends):  # some were cancelled while they waited
            ours = {id(send) for send in claimed}
            self.leave([send for send in seated.sends if id(send) not in ours])
        if len(seated.waiting) == len(tasks):
            await asyncio.sleep(_A_MOMENT)

    def _tell(self, event: str, error: Exception, **about: int) -> None:
        if not isinstance(error, Unavailable):  # whoever is away tells so itself
            log.error(event, channel=self.channel, **about, exc_info=error)

    async def _put_back(self, tasks: Sequence[Task]) -> None:
        self.ready.put_back(tasks)
        await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)

    def _stranded(self) -> list[Task]:
        """Urgent work whose channel is down, which may have another one. Each is looked at once,
        and then not before the channel may be back.
        """
        if not (self.exchange.is_impaired or self.ready.has_stranded):
            return []
        known: dict[TenantId, bool] = {}

        def is_down(tenant: TenantId) -> bool:
            if tenant not in known:
                known[tenant] = self._seating.is_down(tenant, self.channel)
            return known[tenant]

        self.ready.bring_back(of=lambda tenant: not is_down(tenant))
        return self.ready.take_urgent(_BATCH, of=is_down)

    async def _pass_on(self, tasks: Sequence[Task]) -> None:
        """End what another channel can take. When that fails, the tasks wait where they were."""
        try:
            seated = await self._seating.pass_on(tasks, self._clock.now())
            events = await self._still_meant(seated.events)
        except Exception as error:  # noqa: BLE001 - it is told
            self._tell("delivery.not_passed_on", error, deliveries=len(tasks))
            await self._put_back(tasks)
            return
        self.ready.strand(seated.back)
        self._settler.put(events)

    async def _still_meant(self, events: list[Event]) -> list[Event]:
        """Those whose work still waits: nobody claims it, so a cancelling would not be noticed."""
        if not events:
            return events
        waiting = await self._store.waiting([event.task.work for event in events])
        return [event for event in events if event.task.work in waiting]

    async def _claimed(self, sends: Sequence[Send], now: int) -> list[Send]:
        """Those that still wait: from now on they are in our hands, on disk."""
        if not sends:
            return []
        claims = [Claim(s.seat.task.work, s.seat.account.name, now, self._epoch) for s in sends]
        failpoint("claim.before")
        is_urgent = BY_NUMBER[sends[0].seat.task.request.lane].is_urgent
        claimed = await self._store.claim(claims, is_urgent=is_urgent)
        failpoint("claim.after")
        return [send for send, is_ours in zip(sends, claimed, strict=True) if is_ours]

    async def _seat(self, tasks: Sequence[Task], now: int) -> Seated:
        """The seats are counted before anybody else can ask for the room."""
        self._seats += len(tasks)
        seats = 0
        try:
            seated = await self._seating.seat(tasks, now)
            seats = len(seated.sends)
        finally:
            self._seats -= len(tasks) - seats
            if self._is_stopping:
                self.ready.changed.set()  # `run` waits for the last seat
        return seated

    async def _until_we_may(self) -> None:
        """Ends when our lease was renewed. When it was lost instead, so is this process."""
        while not self._may_send():  # noqa: ASYNC110 - rare, and only a clock is asked
            await asyncio.sleep(_A_MOMENT)

    async def _send(self, send: Send) -> None:
        seat = send.seat
        if not self._may_send():  # we were away for long; another process may be sending it
            await self._until_we_may()
        failpoint("send.before")
        outcome = await _outcome(send)
        failpoint("send.after")
        next_in = self.exchange.next_in(seat.account, seat.task.tried, seat.route)
        self.exchange.learn(seat.account, outcome)
        sent = Sent(seat.task, outcome, self._clock.now(), next_in, send.outgoing.address)
        self._settler.put((sent,))
        self._seating.free(seat)
        self._seats -= 1
        self._wake()

    def _wake(self) -> None:
        """A seat is free: first for what waits, then for what is planned."""
        if not self.ready.is_empty or self._is_stopping:
            self.ready.changed.set()
        else:
            self._freed()

    def _serving(self) -> Serves:
        """Who may have the next seat, each time it is asked.

        No tenant takes the last seats, so that a slow one leaves room for others; and the last
        quarter is not for what can wait. Who would find no seat is passed over: what is taken and
        finds none keeps its turn, and would be first each time.
        """
        taken, pauses = dict(self._seating.in_flight), self._seating.pauses
        is_split = self.exchange.is_split
        are_none_outside = not self._free_outside()
        are_none_in_house = not self.exchange.free_in_house()
        most_urgent, most = self._seats_for_one(urgent=True), self._seats_for_one(urgent=False)

        def serves(lane: Lane, tenant: TenantId) -> bool:
            rests = are_none_outside or lane in pauses
            if rests or are_none_in_house:
                stays = self._seating.stays_in_house(tenant)
                if are_none_in_house if stays else rests:
                    return False
            has = taken.get(tenant, 0)
            if has >= (most_urgent if lane.is_urgent else most):
                return False
            if tenant in pauses:
                return False
            if is_split and not self._seating.finds_seat(tenant, self.channel):
                return False
            taken[tenant] = has + 1
            return True

        return serves

    def _free_outside(self) -> int:
        """How many deliveries that leave the house could find a seat; none while all rest."""
        return 0 if None in self._seating.pauses else self.exchange.free_seats()

    def _seats_for_one(self, *, urgent: bool) -> int:
        """How many seats one tenant may have."""
        eighths = 7 if urgent else 6
        return min(self._capacity, self.exchange.seats()) * eighths // 8

    def _ends(self) -> list[float]:
        """After how many seconds each pause ends."""
        ends = self._seating.pauses.left()
        if closed := self.exchange.closed_for():  # a probe in flight may end that sooner
            ends.append(closed.total_seconds())
        if rest := self.exchange.rest_in_house():
            ends.append(rest.total_seconds())
        return ends

    async def _rest(self, ends: list[float]) -> None:
        """Sleep until something changes, or until the next pause ends."""
        waits = [self._seating.wait(tenant, self.channel) for tenant in self.ready.stranded]
        ends += [wait.total_seconds() for wait in waits]
        await wait_at_most(self.ready.changed, min(ends, default=None))
        self.ready.changed.clear()


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do this whole, also when we are cancelled meanwhile: a claim cannot be called back."""
    doing = asyncio.create_task(work)
    try:
        await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


async def _outcome(send: Send) -> Outcome:
    account = send.seat.account
    try:
        return await account.provider.send(send.outgoing)
    except Exception as error:
        log.exception("delivery.provider_raised", provider=account.name)
        return Unknown(Fault("us.defect", f"{type(error).__name__} in {account.name}", Blame.US))
