"""Where ports meet adapters: builds every role of one process from the settings."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sendwell.adapters.http import Guarded, HttpClient, Trusted
from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.adapters.smtp import SmtpClient
from sendwell.adapters.sql.migrations import migrate
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemChance, SystemClock, SystemIds
from sendwell.channels import all_channels
from sendwell.domain.channel import Channel
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import ChannelName, ProviderName
from sendwell.domain.outbound import Allowed
from sendwell.domain.policy import Policy
from sendwell.domain.routing import Leg, Route
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.ports.provider import Provider
from sendwell.ports.vendor import Means, Relay
from sendwell.providers.accounts import Providers, build_providers
from sendwell.providers.in_app.stored import Stored
from sendwell.providers.mailbox import Mailbox as MailboxProvider
from sendwell.providers.null import Null
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.delivery.dispatcher import Dispatcher
from sendwell.roles.delivery.exchange import MAILBOX, Account, Exchange
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.letters import DeadLetters
from sendwell.roles.delivery.limits import Limits, Rates
from sendwell.roles.delivery.ready import ReadyQueue
from sendwell.roles.delivery.seating import Seating
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.settler import Settler
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.words import Words
from sendwell.roles.gateway.request import Builder
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.gateway.templates import TemplateCheck
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.roles.orchestrator.planner import Planner
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.roles.receipts.service import Receipts
from sendwell.roles.receipts.store import ReceiptStore
from sendwell.roles.templates.service import Templates
from sendwell.roles.templates.store import TemplateStore
from sendwell.roles.tracker.deliveries import DeliveryFinder
from sendwell.roles.tracker.service import Tracker
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore
from sendwell.runtime import measures
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.flow import Flow
from sendwell.runtime.journal.journal import SqlJournal
from sendwell.runtime.journal.listener import recorder
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.sweep import sweep
from sendwell.runtime.process import Process, Worker
from sendwell.runtime.timers import Timers
from sendwell.settings import Settings, drops
from sendwell.telemetry.names import UNPLANNED

_UNLIMITED = 2**31
_HERE = Path(__file__).parent
TABLES = {
    "journal": _HERE / "runtime" / "journal" / "migrations",
    **{
        role: _HERE / "roles" / role / "migrations"
        for role in ("accounts", "users", "templates", "delivery", "inbox", "mailbox", "receipts")
    },
}
"""Whose tables there are, and where their migrations are."""


@dataclass(frozen=True, slots=True)
class Core:
    """What every role of a process is built with."""

    settings: Settings
    database: SqliteDatabase
    clock: SystemClock
    ids: SystemIds
    journal: SqlJournal
    flow: Flow
    process: Process
    channels: Mapping[ChannelName, Channel]


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles at work in this process."""

    accounts: Accounts
    users: Users
    templates: Templates
    mailbox: Mailbox
    inbox: Inbox
    gateway: Gateway
    delivery: Delivery
    letters: DeadLetters
    tracker: Tracker
    receipts: Receipts
    providers: Providers
    backlog: Backlog

    def observe(self) -> None:
        """Set the gauges to how things are now."""
        UNPLANNED.set(len(self.backlog))
        self.delivery.observe()


async def build_core(settings: Settings) -> Core:
    """Open the database, bring its tables up to date, and find where the journal ends."""
    settings.data.mkdir(parents=True, exist_ok=True)
    database = SqliteDatabase(settings.data / "sendwell.db")
    migrate(database.engine, TABLES)
    clock = SystemClock()
    journal = SqlJournal(
        database,
        idempotency_window=settings.idempotency_window,
        receipts_by_reference=frozenset({"twilio"}),
    )
    ids = SystemIds(await journal.start())
    process = Process()
    process.at_close("database", database.close)
    return Core(
        settings,
        database,
        clock,
        ids,
        journal,
        Flow(database, clock),
        process,
        _enabled(settings),
    )


async def build_roles(core: Core) -> Roles:
    """Build the roles and connect what they say with who listens."""
    settings, clock = core.settings, core.clock
    accounts = Accounts(AccountStore(core.database), defaults=_defaults(settings), clock=clock)
    await accounts.start()
    renderer = MinijinjaRenderer()
    users = Users(UserStore(core.database), clock=clock)
    templates = Templates(
        TemplateStore(core.database), renderer=renderer, clock=clock, audit=accounts
    )
    mailbox = Mailbox(MailboxStore(core.database), clock)
    inbox = Inbox(InboxStore(core.database), clock)
    providers = build_providers(
        [(each.vendor, each.account, each.json) for each in settings.credentials], _means(core)
    )
    store = DeliveryStore(core.database, core.journal)
    backlog = Backlog(core.journal, store.planned)
    delivery = _delivery(
        core,
        store,
        exchanges=_exchanges(
            core, providers, mailbox=MailboxProvider(mailbox), inbox=Stored(inbox)
        ),
        gate=Gate(users, accounts),
        words=Words(templates, renderer, tenants=accounts, channels=core.channels),
        accounts=accounts,
        users=users,
    )
    planner = Planner(users, templates, accounts)
    orchestrator = Orchestrator(planner, core.journal, backlog, flow=core.flow, pace=delivery.pace)
    letters = DeadLetters(core.database, core.journal, flow=core.flow, audit=accounts)
    gateway = Gateway(
        Builder(core.channels, clock=clock, ids=core.ids),
        core.journal,
        backlog,
        tenants=accounts,
        templates=TemplateCheck(templates),
    )
    _connect(core, orchestrator, delivery, letters)
    await delivery.recover()
    backlog.recover()
    records = SqlRecords(core.database)
    finder = DeliveryFinder(records, core.journal, work=store, directory=users)
    receipts = Receipts(
        ReceiptStore(core.database), finder, users, flow=core.flow, clock=clock, ids=core.ids
    )
    core.flow.listen(Status, receipts.on_status)
    for worker in (
        Worker("gateway", gateway.run, gateway.close),
        Worker("orchestrator", orchestrator.run),
        Worker("delivery", delivery.run, delivery.stop),
        Worker("receipts", receipts.run, receipts.stop),
        Worker("sweep", partial(sweep, core.journal, clock)),
    ):
        core.process.start(worker)
    tracker = Tracker(records, store)
    return Roles(
        accounts=accounts,
        users=users,
        templates=templates,
        mailbox=mailbox,
        inbox=inbox,
        gateway=gateway,
        delivery=delivery,
        letters=letters,
        tracker=tracker,
        receipts=receipts,
        providers=providers,
        backlog=backlog,
    )


def _connect(
    core: Core, orchestrator: Orchestrator, delivery: Delivery, letters: DeadLetters
) -> None:
    """Who hears what. The journal comes first: a Status is the history row."""
    flow = core.flow
    flow.listen(Requested, orchestrator.on_requested)
    flow.listen(Requested, measures.on_requested)
    flow.listen(Task, delivery.on_tasks)
    flow.listen(Status, recorder(core.journal))
    flow.listen(Status, orchestrator.on_status)
    flow.listen(Status, measures.on_status)
    flow.listen(Dead, letters.on_dead)
    flow.listen(Dead, measures.on_dead)


def _delivery(
    core: Core,
    store: DeliveryStore,
    *,
    exchanges: Mapping[ChannelName, Exchange],
    gate: Gate,
    words: Words,
    accounts: Accounts,
    users: Users,
) -> Delivery:
    epoch, freed = secrets.randbits(62), asyncio.Event()
    timers = Timers(
        core.clock,
        load=lambda after, limit: store.due(after=after, limit=limit),
        fire=lambda works: delivery.wake(works),  # noqa: PLW0108 - it is made below
    )
    core.process.start(Worker("timers", timers.run))
    settler = Settler(
        core.flow,
        store,
        tenants=accounts,
        suppressions=users,
        resends_unknown=lambda channel: core.channels[channel].resends_unknown,
        clock=core.clock,
        chance=SystemChance(),
        wait=timers.add,
    )
    limits = Limits(MemoryLimiter(), _rates(core.settings))
    dispatchers = {
        channel: Dispatcher(
            channel,
            ready=ReadyQueue(channel, store),
            exchange=exchange,
            seating=Seating(exchange, gate=gate, limits=limits, words=words, tenants=accounts),
            settler=settler,
            store=store,
            clock=core.clock,
            epoch=epoch,
            freed=freed.set,
        )
        for channel, exchange in exchanges.items()
    }
    delivery = Delivery(
        store,
        settler,
        dispatchers,
        timers=timers,
        clock=core.clock,
        ids=core.ids,
        epoch=epoch,
        freed=freed,
    )
    return delivery


def _exchanges(
    core: Core, providers: Providers, *, mailbox: Provider, inbox: Provider
) -> dict[ChannelName, Exchange]:
    """For each channel its accounts and route; without credentials the dev mailbox."""
    exchanges = {}
    for channel in core.channels:
        known = dict(providers.by_channel.get(channel, {}))
        if channel == "in_app":
            known["in_app"] = inbox
        route = core.settings.routes.get(channel) or _route_over(sorted(known) or [MAILBOX])
        known |= {MAILBOX: mailbox, "null": Null()}
        # What is stored in the inbox does not leave the house; all else of a sandbox goes here.
        in_house = "in_app" if channel == "in_app" else MAILBOX
        accounts = {str(leg.provider): _account(channel, leg, known) for leg in route.legs}
        exchanges[channel] = Exchange(
            accounts,
            route,
            Account(in_house, known[in_house], seats=_UNLIMITED),
            clock=core.clock,
            chance=SystemChance(),
        )
    return exchanges


def _account(channel: ChannelName, leg: Leg, known: Mapping[str, Provider]) -> Account:
    if leg.provider not in known:
        raise Invalid(
            f"ROUTE_{channel.upper()} names {leg.provider}, which has no credentials:"
            f" set PROVIDER_CREDENTIALS_{leg.provider.upper()}."
        )
    return Account(leg.provider, known[leg.provider])


def _route_over(names: list[str]) -> Route:
    return Route(tuple(Leg(ProviderName(name)) for name in names))


def _means(core: Core) -> Means:
    trusted = HttpClient(policy=Trusted(), clock=core.clock)
    allowed = Allowed.parse(core.settings.outbound_allow)
    guarded = HttpClient(policy=Guarded(allowed=allowed), clock=core.clock)
    core.process.at_close("http", trusted.close)
    core.process.at_close("guarded http", guarded.close)
    return Means(trusted, guarded, partial(_smtp, core), core.clock.now)


def _smtp(core: Core, relay: Relay) -> SmtpClient:
    client = SmtpClient(relay)
    core.process.at_close("smtp", client.close)
    return client


def _defaults(settings: Settings) -> Policy:
    return Policy(retry=settings.retry, timezone=settings.timezone)


def _rates(settings: Settings) -> Rates:
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


def _enabled(settings: Settings) -> Mapping[ChannelName, Channel]:
    known = all_channels()
    if settings.channels is None:
        return known
    if strange := [name for name in settings.channels if name not in known]:
        raise Invalid(
            f"CHANNEL_ENABLE_LIST: there is no channel {strange[0]!r};"
            f" there are {', '.join(known)}."
        )
    return {name: known[name] for name in settings.channels}
