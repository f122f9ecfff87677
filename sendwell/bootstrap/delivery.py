"""Builds the delivery role."""

import asyncio
from collections.abc import Sequence

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.system import SystemChance
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.exchanges import Exchanges
from sendwell.bootstrap.ports import KnownTenants, People
from sendwell.channels import all_channels
from sendwell.ports.limiter import Limiter
from sendwell.ports.tenants import Tenants
from sendwell.roles.delivery.dispatcher import Dispatcher
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.held import HeldWork
from sendwell.roles.delivery.limits import Limits, Rates
from sendwell.roles.delivery.past import SqlPast
from sendwell.roles.delivery.people_look import PeopleLook
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.recount import Recount
from sendwell.roles.delivery.seating import Seating
from sendwell.roles.delivery.second_look import SecondLook
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.settler import Settler
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.words import Words
from sendwell.runtime.process import Worker
from sendwell.runtime.timers import Timers
from sendwell.settings import Settings, drops


def build_delivery(
    core: Core,
    store: DeliveryStore,
    *,
    exchanges: Exchanges,
    gate: Gate,
    words: Words,
    tenants: KnownTenants,
    people: People,
    limits: Limits,
) -> Delivery:
    """What sends: a dispatcher for each channel, and the settler and timers they share."""
    epoch, freed = core.membership.epoch, asyncio.Event()
    timers = Timers(
        core.clock,
        load=lambda after, limit: store.due(after=after, limit=limit),
        fire=lambda works: delivery.wake(works),  # noqa: PLW0108 - it is made below
    )
    core.process.start(Worker("timers", timers.run))

    async def wake_some(works: Sequence[int]) -> Sequence[int]:
        return await delivery.wake_some(works)

    settler = Settler(
        core.flow,
        store,
        tenants=tenants,
        suppressions=people,
        # Also of a channel that is not enabled here: it may have been for a process that has died.
        resends_unknown=lambda channel: all_channels()[channel].resends_unknown,
        clock=core.clock,
        chance=SystemChance(),
        wait=timers.add,
    )
    dispatchers = {
        channel: Dispatcher(
            channel,
            ready=ReadyQueue(channel, store, wake=wake_some),
            exchange=exchange,
            seating=Seating(
                exchange, gate=gate, limits=limits, words=words, tenants=tenants, clock=core.clock
            ),
            settler=settler,
            store=store,
            clock=core.clock,
            epoch=epoch,
            may_send=core.membership.holds,
            freed=freed.set,
        )
        for channel, exchange in exchanges.by_channel.items()
    }
    held = HeldWork(core.database, node=core.membership.node)
    second_look = SecondLook(held, timers, core.clock)
    core.process.start(Worker("second look", second_look.run))
    people_look = PeopleLook(store, held, gate, settle=settler.put, timers=timers, clock=core.clock)
    core.process.start(Worker("look at people", people_look.run))
    delivery = Delivery(
        store,
        settler,
        dispatchers,
        journal=core.journal,
        inward=core.inward,
        timers=timers,
        clock=core.clock,
        ids=core.ids,
        epoch=epoch,
        freed=freed,
        second_look=second_look,
    )
    tenants.on_change(delivery.rules_changed)
    people.on_change(people_look.changed)
    return delivery


def build_limits(core: Core, tenants: Tenants, *, limiter: Limiter) -> Limits:
    """The limits of the flow; a limiter in memory is told what went out before it began."""
    recount = None
    if isinstance(limiter, MemoryLimiter):
        recount = Recount(limiter, SqlPast(core.database), began=core.clock.now())
    return Limits(limiter, rates_of(core.settings), policy=tenants.policy, recount=recount)


def rates_of(settings: Settings) -> Rates:
    """The rate limits of the flow, as the role wants them."""
    rates = settings.rates
    return Rates(
        everything=rates.everything,
        channel=rates.channel,
        lane=rates.lane,
        provider=rates.provider,
        tenant=rates.tenant,
        person=rates.person.rate if rates.person else None,
        person_drops=drops(rates.person),
    )
