"""From waiting tasks to sends that may enter a socket now: gate -> seat -> limits -> words.

Writes nothing. Whoever asks puts on disk who has the seats, before anything is sent.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from sendwell.domain.admission import Go, Hold, Stop
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.instant import microseconds_in, microseconds_of
from sendwell.domain.lifecycle import State
from sendwell.domain.outcome import Blame, Fault
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Route
from sendwell.messages.outgoing import Outgoing
from sendwell.messages.task import Task
from sendwell.ports.clock import Clock
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.events import Event, Held, Stopped, Unsendable
from sendwell.roles.delivery.exchange import Account, Exchange
from sendwell.roles.delivery.gate import Checked, Gate
from sendwell.roles.delivery.hold_ups import HoldUps
from sendwell.roles.delivery.limits import Limits, Passage
from sendwell.roles.delivery.over import Over, Reach
from sendwell.roles.delivery.words import Versions, Words

_AT_ONCE = 8
_CHANNEL_DOWN = Fault(
    "channel_down", "No provider of this channel works at present; another channel is left."
)


class Seat(msgspec.Struct, gc=False):
    """A place among the sends in flight of one provider account, and the task it is for."""

    task: Task
    account: Account
    route: Route | None = None
    """The tenant's own, if it has one."""
    is_taken: bool = True


class Send(msgspec.Struct, frozen=True, gc=False):
    """A delivery with everything it needs for the socket."""

    seat: Seat
    outgoing: Outgoing

    def begin(self, now: int) -> None:
        """Its task is an attempt from now on; that has to be on disk before it is sent."""
        self.seat.task.begin_attempt(self.seat.account.name, now)


class Seated(msgspec.Struct):
    """What came of a batch: each of its tasks is in one of the four."""

    sends: list[Send] = []
    back: list[Task] = []
    """Those that wait where they were: there was no seat, or a limit of many is reached. In the
    order in which they came.
    """
    waiting: list[Task] = []
    """Those that wait for an account they have not been at; others need not wait behind them."""
    events: list[Event] = []
    """What has ended others, or makes them wait for a time of their own."""


class Seating:
    """Gives out the seats of one channel."""

    def __init__(
        self,
        exchange: Exchange,
        *,
        gate: Gate,
        limits: Limits,
        words: Words,
        tenants: Tenants,
        clock: Clock,
    ) -> None:
        self._exchange = exchange
        self._gate = gate
        self._limits = limits
        self._words = words
        self._tenants = tenants
        self.pauses = HoldUps(clock)
        self.in_flight: dict[TenantId, int] = {}
        """How many seats each tenant has."""

    async def seat(self, tasks: Sequence[Task], now: int) -> Seated:
        """Find out which of the tasks may go now, and take their seats.

        When it fails as a whole, it has taken none.
        """
        seated = Seated()
        going = await self._allowed(tasks, now, seated)
        seats = self._take(going, seated)
        try:
            within = await self._within_limits(seats, now, seated)
            versions = await self._words.versions([seat.task for _, seat in within])
            for number, (checked, seat) in enumerate(within, 1):
                self._word(checked, seat, versions, now=now, seated=seated)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # to render many takes long: let others go on
        except BaseException:
            for _, seat in seats:
                self.leave(seat)
            raise
        if seated.back:
            back = {id(task) for task in seated.back}
            seated.back = [task for task in tasks if id(task) in back]
        return seated

    async def pass_on(self, tasks: Sequence[Task], now: int) -> Seated:
        """Find out which of the tasks end here, for their channel is down and another one is left.
        No seats are taken.
        """
        seated = Seated()
        going = await self._allowed(tasks, now, seated)
        going_on = {id(each) for each in await self._gate.going_on(going, now)}
        for each in going:
            if id(each) in going_on:
                seated.events.append(Unsendable(each.task, _CHANNEL_DOWN))
            else:
                seated.back.append(each.task)
                tenant = each.task.request.tenant
                route = _route(self._tenants.policy(tenant), each.task.channel)
                self._let_wait(tenant, route)
        return seated

    def is_down(self, tenant: TenantId, channel: ChannelName) -> bool:
        """Whether all accounts that the tenant's deliveries go by are spared, having failed."""
        policy = self._tenants.policy(tenant)
        return not policy.is_sandboxed and self._exchange.is_down(_route(policy, channel))

    def wait(self, tenant: TenantId, channel: ChannelName) -> timedelta:
        """After how long to look for a seat of the tenant's again, where all is down."""
        return self._exchange.wait(_route(self._tenants.policy(tenant), channel))

    def stays_in_house(self, tenant: TenantId) -> bool:
        """Whether nothing of the tenant's goes to a provider."""
        return self._tenants.policy(tenant).is_sandboxed

    def finds_seat(self, tenant: TenantId, channel: ChannelName) -> bool:
        """Whether new work of the tenant's would find a seat now. Else it waits for a while."""
        policy = self._tenants.policy(tenant)
        route = _route(policy, channel)
        account = self._exchange.pick((), stays_in_house=policy.is_sandboxed, route=route)
        if account is None:
            self._let_wait(tenant, route)
            return False
        self._exchange.leave(account)
        return True

    def claimed(self, sends: Sequence[Send]) -> None:
        """That these have their seats is on disk."""
        self._limits.claimed(send.seat.task for send in sends)

    def leave(self, seat: Seat) -> None:
        """Give the seat back unused."""
        if seat.is_taken:
            self._exchange.leave(seat.account)
            self.free(seat)

    def free(self, seat: Seat) -> None:
        """Its send has come back, and the exchange knows how it went."""
        seat.is_taken = False
        tenant = seat.task.request.tenant
        left = self.in_flight[tenant] - 1
        if left:
            self.in_flight[tenant] = left
        else:
            del self.in_flight[tenant]

    async def _allowed(self, tasks: Sequence[Task], now: int, seated: Seated) -> list[Checked]:
        """Those that the rules let through."""
        going: list[Checked] = []
        for checked in await self._gate.check(tasks, now):
            match checked.verdict:
                case Go():
                    going.append(checked)
                case Hold(until, rule):
                    held = Held(checked.task, microseconds_of(until), rule)
                    seated.events.append(held)
                case Stop() as stop:
                    seated.events.append(Stopped(checked.task, stop))
        return going

    def _take(self, going: Sequence[Checked], seated: Seated) -> list[tuple[Checked, Seat]]:
        """Those that found a seat at a provider."""
        seats: list[tuple[Checked, Seat]] = []
        for checked in going:
            task = checked.task
            tenant = task.request.tenant
            policy = self._tenants.policy(tenant)
            route = _route(policy, task.channel)
            account = self._exchange.pick(
                task.tried, stays_in_house=policy.is_sandboxed, route=route
            )
            if account is None:
                (seated.waiting if task.tried else seated.back).append(task)
                self._let_wait(tenant, route)
            else:
                self.in_flight[tenant] = self.in_flight.get(tenant, 0) + 1
                seats.append((checked, Seat(task, account, route)))
        return seats

    def _let_wait(self, tenant: TenantId, route: Route | None) -> None:
        """Where seats are not for everybody, a free one says nothing about this tenant's."""
        if self._exchange.is_split:
            self.pauses.add(tenant, microseconds_in(self._exchange.wait(route)))

    async def _within_limits(
        self, seats: Sequence[tuple[Checked, Seat]], now: int, seated: Seated
    ) -> list[tuple[Checked, Seat]]:
        wanted = [
            Passage(seat.task, seat.account.name, checked.person.timezone)
            for checked, seat in seats
        ]
        within: list[tuple[Checked, Seat]] = []
        for (checked, seat), over in zip(seats, await self._limits.take(wanted, now), strict=True):
            if over is None:
                within.append((checked, seat))
            else:
                self.leave(seat)
                self._hold_up(seat, over, now, seated)
        return within

    def _hold_up(self, seat: Seat, over: Over, now: int, seated: Seated) -> None:
        match over.reach:
            case Reach.DELIVERY if over.drops:
                stop = Stop(State.SUPPRESSED, over.rule, over.text)
                seated.events.append(Stopped(seat.task, stop))
            case Reach.DELIVERY:
                seated.events.append(Held(seat.task, over.until, over.rule))
            case Reach.ACCOUNT:
                self._exchange.pause(seat.account, over.until - now)
                seated.back.append(seat.task)
            case Reach.MANY:
                self.pauses.add(over.who, over.until - now)
                seated.back.append(seat.task)

    def _word(
        self, checked: Checked, seat: Seat, versions: Versions, *, now: int, seated: Seated
    ) -> None:
        """Find the finished words; where they cannot be made, the delivery ends."""
        try:
            outgoing = self._words.outgoing(
                seat.task, checked.person, address=checked.address, now=now, versions=versions
            )
        except Invalid as error:
            self.leave(seat)
            fault = Fault(error.code, error.message, Blame.CONTENT)
            seated.events.append(Unsendable(seat.task, fault))
        else:
            seated.sends.append(Send(seat, outgoing))


def _route(policy: Policy, channel: ChannelName) -> Route | None:
    """The tenant's own, if it has one."""
    return policy.routes.get(channel) if policy.routes else None
