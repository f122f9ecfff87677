"""The pump of one channel: ready queue -> gate -> limits -> render -> claim -> send.

An attempt is claimed on disk before its send begins, and only what enters a socket now is claimed:
so a crash leaves as few attempts with an unknown result as there are seats.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import structlog

from sendwell.domain.admission import Go, Hold, Stop
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.lane import Lane
from sendwell.domain.lifecycle import WAITING, State
from sendwell.domain.outcome import Blame, Fault, Outcome, Unknown
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.task import Task
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.exchange import Account, Exchange
from sendwell.roles.delivery.gate import Checked, Gate
from sendwell.roles.delivery.limits import Limits, Scope, Who
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.settler import Held, Sent, Settler, Stopped, Unsendable
from sendwell.roles.delivery.sqlite import Claim
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.words import Words
from sendwell.runtime.failpoints import failpoint

log = structlog.get_logger()
_BATCH = 64
_AFTER_A_FAILURE_SECONDS = 0.5

Seated = tuple[Checked, Account]


class Send(msgspec.Struct, frozen=True, gc=False):
    """A delivery with everything it needs for the socket."""

    task: Task
    account: Account
    outgoing: Outgoing


class Dispatcher:
    """Keeps the seats of one channel filled while there is work for them."""

    def __init__(
        self,
        channel: ChannelName,
        *,
        ready: ReadyQueue,
        exchange: Exchange,
        gate: Gate,
        limits: Limits,
        words: Words,
        settler: Settler,
        store: DeliveryStore,
        tenants: Tenants,
        clock: Clock,
        epoch: int,
        capacity: int = 128,
    ) -> None:
        self.channel = channel
        self.ready = ready
        self.exchange = exchange
        self._gate = gate
        self._limits = limits
        self._words = words
        self._settler = settler
        self._store = store
        self._tenants = tenants
        self._clock = clock
        self._epoch = epoch
        self._capacity = capacity
        self._most_for_one = capacity * 3 // 4
        self._in_flight: dict[TenantId, int] = {}
        self._sends: set[asyncio.Task[None]] = set()
        self._paused: dict[Who, int] = {}
        self._unused: dict[int, Account] = {}
        """Seats taken in the batch at hand, by the work they are for, and not sent from yet."""
        self._is_stopping = False

    async def run(self) -> None:
        """Pump until `stop`; then everything in flight has come back."""
        while not self._is_stopping:
            await self.ready.fill()
            tasks = self.ready.take(self._room(), serves=self._serves)
            if tasks:
                await self._settler.has_room()
                await self._dispatch(tasks)
            else:
                await self._rest()
        if self._sends:
            await asyncio.wait(self._sends)

    def stop(self) -> None:
        """Take nothing more."""
        self._is_stopping = True
        self.ready.changed.set()

    async def _dispatch(self, tasks: Sequence[Task]) -> None:
        """Send what may be sent. When that fails as a whole, the tasks wait where they were."""
        try:
            await self._try(tasks)
        except Exception:
            log.exception("delivery.dispatch_failed", channel=self.channel, deliveries=len(tasks))
            self.ready.put_back([task for task in tasks if task.state in WAITING])
            await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)
        finally:
            for account in self._unused.values():
                self.exchange.leave(account)
            self._unused.clear()

    async def _try(self, tasks: Sequence[Task]) -> None:
        now = self._clock.now()
        seated = self._seated(await self._allowed(tasks, now))
        within = await self._within_limits(seated, now)
        sends = [send for each in within if (send := await self._worded(each, now))]
        if not sends:
            return
        claims = [Claim(s.task.work, s.account.name, now, self._epoch) for s in sends]
        failpoint("claim.before")
        claimed = await self._store.claim(claims)
        failpoint("claim.after")
        for send, is_ours in zip(sends, claimed, strict=True):
            if is_ours:  # else it was cancelled while it waited
                self._start(send, now)

    async def _allowed(self, tasks: Sequence[Task], now: int) -> list[Checked]:
        """Those that the rules let through; the others are settled here."""
        going: list[Checked] = []
        for checked in await self._gate.check(tasks, now):
            match checked.verdict:
                case Go():
                    going.append(checked)
                case Hold(until, rule):
                    self._settler.put(Held(checked.task, int(until.timestamp() * 1e6), rule))
                case Stop() as stop:
                    self._settler.put(Stopped(checked.task, stop))
        return going

    def _seated(self, going: Sequence[Checked]) -> list[Seated]:
        """Those that found a seat at a provider; the others wait where they were."""
        seated: list[Seated] = []
        back: list[Task] = []
        for checked in going:
            in_house = self._tenants.policy(checked.task.request.tenant).is_sandboxed
            account = self.exchange.pick(checked.task.tried, stays_in_house=in_house)
            if account is None:
                back.append(checked.task)
            else:
                seated.append((checked, account))
                self._unused[checked.task.work] = account
        self.ready.put_back(back)
        return seated

    async def _within_limits(self, seated: Sequence[Seated], now: int) -> list[Seated]:
        wanted = [(checked.task, account.name) for checked, account in seated]
        decisions = await self._limits.take(wanted, now)
        within: list[Seated] = []
        back: list[Task] = []
        for (checked, account), over in zip(seated, decisions, strict=True):
            if over is None:
                within.append((checked, account))
                continue
            match over.scope:
                case Scope.PERSON if over.drops:
                    stop = Stop(State.SUPPRESSED, over.rule, f"Over the limit {over.rule}.")
                    self._settler.put(Stopped(checked.task, stop))
                case Scope.PERSON:
                    self._settler.put(Held(checked.task, over.until, over.rule))
                case Scope.PROVIDER:
                    self.exchange.pause(account, over.until - now)
                    back.append(checked.task)
                case _:
                    self._paused[over.who] = over.until
                    back.append(checked.task)
        self.ready.put_back(back)
        return within

    async def _worded(self, seated: Seated, now: int) -> Send | None:
        """The finished words, or None where they cannot be made: that is settled here."""
        checked, account = seated
        task = checked.task
        try:
            outgoing = await self._words.outgoing(
                task, checked.person, address=checked.address, now=now
            )
        except Invalid as error:
            fault = Fault(error.code, error.message, Blame.CONTENT)
            self._settler.put(Unsendable(task, fault))
            return None
        return Send(task, account, outgoing)

    def _start(self, send: Send, now: int) -> None:
        task = send.task
        del self._unused[task.work]
        task.state = State.PROCESSING
        task.attempt += 1
        task.claimed_at = now
        task.provider = send.account.name
        tenant = task.request.tenant
        self._in_flight[tenant] = self._in_flight.get(tenant, 0) + 1
        job = asyncio.create_task(self._send(send))
        self._sends.add(job)
        job.add_done_callback(self._sends.discard)

    async def _send(self, send: Send) -> None:
        failpoint("send.before")
        outcome = await _outcome(send)
        failpoint("send.after")
        others = self.exchange.others({send.account.name, *send.task.tried})
        self.exchange.learn(send.account, outcome)
        address = send.outgoing.address
        self._settler.put(Sent(send.task, outcome, self._clock.now(), others, address))
        tenant = send.task.request.tenant
        left = self._in_flight[tenant] - 1
        if left:
            self._in_flight[tenant] = left
        else:
            del self._in_flight[tenant]
        self.ready.changed.set()

    def _room(self) -> int:
        if self._paused and self._paused.get(None, 0) > self._clock.now():
            return 0
        return min(_BATCH, self._capacity - len(self._sends), self.exchange.free_seats())

    def _serves(self, lane: Lane, tenant: TenantId) -> bool:
        """No tenant takes the last quarter of the seats, so that a slow one leaves room."""
        if self._in_flight.get(tenant, 0) >= self._most_for_one:
            return False
        if not self._paused:
            return True
        now = self._clock.now()
        return self._paused.get(tenant, 0) <= now and self._paused.get(lane, 0) <= now

    async def _rest(self) -> None:
        """Sleep until something changes, or until the next pause ends."""
        now = self._clock.now()
        if closed := self.exchange.closed_for():
            self._paused[None] = now + closed // timedelta(microseconds=1)
        self._paused = {key: until for key, until in self._paused.items() if until > now}
        if not self._paused and not self._sends and len(self.ready):
            await asyncio.sleep(0)
            return  # a pause has just ended, and nothing in flight would wake us
        wait = (min(self._paused.values()) - now) / 1e6 if self._paused else None
        try:
            async with asyncio.timeout(wait):
                await self.ready.changed.wait()
        except TimeoutError:
            pass
        self.ready.changed.clear()


async def _outcome(send: Send) -> Outcome:
    try:
        return await send.account.provider.send(send.outgoing)
    except Exception as error:
        log.exception("delivery.provider_raised", provider=send.account.name)
        return Unknown(
            Fault("us.defect", f"{type(error).__name__} in {send.account.name}", Blame.US)
        )
