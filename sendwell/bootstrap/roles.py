"""Builds every role of one process and connects what they say with who listens."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.bootstrap.accounts import build_accounts
from sendwell.bootstrap.connections import Hearers, connect
from sendwell.bootstrap.copying import Copying, open_copying
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.database import open_users
from sendwell.bootstrap.delivery import build_delivery, open_limits, rates_of
from sendwell.bootstrap.edge import Edge, open_edge
from sendwell.bootstrap.exchanges import Exchanges, build_exchanges, means_of, reach_of
from sendwell.bootstrap.history import open_history
from sendwell.bootstrap.keepers import Stores, everybody, keepers_here, start_erasing
from sendwell.bootstrap.log_in import build_log_in
from sendwell.bootstrap.ports import Local, Ports, open_ports
from sendwell.bootstrap.record import start_courier
from sendwell.bootstrap.replies import build_replies
from sendwell.bootstrap.work import AtWork, start_workers
from sendwell.domain.outbound import Allowed
from sendwell.domain.policy import Policy
from sendwell.domain.presets.streams import LogicalStream
from sendwell.ports.keepers import Keeper
from sendwell.providers.accounts import Providers, build_providers
from sendwell.providers.in_app.stored import Stored
from sendwell.providers.mailbox import Mailbox as MailboxProvider
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.service.access import Access
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.letters import DeadLetters
from sendwell.roles.delivery.limits import Limits
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.words import Words
from sendwell.roles.gateway.request import Builder
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.gateway.subscribers import Subscribers
from sendwell.roles.gateway.templates import TemplateCheck
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.roles.orchestrator.planner import Planner
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.roles.receipts.replies import Replies
from sendwell.roles.receipts.service import Receipts
from sendwell.roles.receipts.store import ReceiptStore
from sendwell.roles.templates.service import Templates
from sendwell.roles.templates.store import TemplateStore
from sendwell.roles.tracker.deliveries import DeliveryFinder
from sendwell.roles.tracker.service import Tracker
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.erasure import Erasures
from sendwell.roles.users.service.export import Exports
from sendwell.roles.users.service.imports import Imports
from sendwell.roles.users.service.log_in import LogIn
from sendwell.roles.users.service.stop_words import StopWords
from sendwell.roles.users.service.suppression_list import SuppressionList
from sendwell.roles.users.store import UserStore
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.cluster.news import News
from sendwell.runtime.copies.plans import Plans
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.journal.records import SqlRecords
from sendwell.settings import Settings
from sendwell.telemetry.names import OUTBOX, UNPLANNED


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles at work in this process."""

    accounts: Accounts
    access: Access
    users: Users
    imports: Imports
    log_in: LogIn
    suppressions: SuppressionList
    erasures: Erasures
    exports: Exports
    keepers: Mapping[str, Keeper]
    templates: Templates
    mailbox: Mailbox
    inbox: Inbox
    gateway: Gateway
    delivery: Delivery
    letters: DeadLetters
    tracker: Tracker
    receipts: Receipts
    replies: Replies
    providers: Providers
    backlog: Backlog
    limits: Limits
    exchanges: Exchanges
    core: Core
    edge: Edge | None
    local: Local
    ports: Ports

    def swap(self, settings: Settings) -> None:
        """Put these settings in force at once, or refuse them as a whole. Raises Invalid."""
        routes = self.exchanges.checked(settings.routes)
        allowed = Allowed.parse(settings.outbound_allow)
        self.exchanges.use(routes)
        self.core.guarded.allow(allowed)
        self.limits.use(rates_of(settings))
        self.accounts.use_defaults(defaults_of(settings))
        self.delivery.look_again()

    def observe(self) -> None:
        """Set the gauges to how things are now."""
        UNPLANNED.set(len(self.backlog))
        OUTBOX.set(len(self.edge.outbox) if self.edge else 0)
        self.delivery.observe()


async def build_roles(core: Core) -> Roles:
    """Build the roles and connect what they say with who listens."""
    settings, clock = core.settings, core.clock
    providers = build_providers(
        [(each.vendor, each.account, each.json) for each in settings.credentials], means_of(core)
    )
    admission = await build_accounts(core, defaults_of(settings), reach_of(core, providers))
    accounts, access = admission.accounts, admission.access
    renderer = MinijinjaRenderer()
    users_database = await open_users(core.house, settings, core.process)
    user_store = UserStore(users_database)
    log_in = build_log_in(core, user_store, admission)
    users = Users(
        user_store,
        clock=clock,
        news=News("users", core.signals, database=core.database),
        deeds=Deeds(admission.audit, core.database, clock),
    )
    suppressions = SuppressionList(
        user_store.suppressions,
        users,
        deeds=Deeds(admission.audit, core.database, clock),
        clock=clock,
    )
    stop_words = StopWords(user_store.holders, user_store.suppressions, users, clock=clock)
    imports = Imports(user_store.imports, users=users, clock=clock, ids=core.ids)
    templates = Templates(
        TemplateStore(core.database),
        renderer=renderer,
        clock=clock,
        audit=admission.audit,
        news=News("templates", core.signals),
    )
    mailbox = Mailbox(MailboxStore(core.database), clock)
    inbox = Inbox(InboxStore(core.database), clock)
    local = Local(accounts, users, templates, inbox, mailbox, log_in, stop_words)
    ports = await open_ports(core, local)
    start_courier(core, admission.audit, ports)
    store = DeliveryStore(core.database, core.journal, node=core.membership.node)
    edge = await open_edge(core, ports.tenants.policy)
    copying = await open_copying(core, edge, store)
    plans = Plans(core.database) if edge and edge.carries(LogicalStream.TASK) else None
    backlog = Backlog(core.journal, plans.known if plans else store.planned)
    exchanges = build_exchanges(
        core, providers, mailbox=MailboxProvider(ports.mailbox), inbox=Stored(ports.inbox)
    )
    limits = await open_limits(core, store, ports.tenants)
    delivery = build_delivery(
        core,
        store,
        exchanges=exchanges,
        gate=Gate(ports.people, ports.tenants),
        words=Words(ports.catalogue, renderer, tenants=ports.tenants, channels=core.channels),
        tenants=ports.tenants,
        suppressions=ports.people,
        limits=limits,
    )
    planner = Planner(ports.people, ports.catalogue, ports.tenants)
    orchestrator = Orchestrator(planner, core.journal, backlog, flow=core.flow, pace=delivery.pace)
    letters = DeadLetters(core.database, core.journal, flow=core.flow, audit=admission.audit)
    gateway = Gateway(
        Builder(core.channels, clock=clock, ids=core.ids),
        core.journal,
        backlog,
        tenants=ports.tenants,
        templates=TemplateCheck(ports.catalogue),
        subscribers=Subscribers(ports.people),
    )
    records = SqlRecords(core.database)
    work = copying.standing if copying else store
    finder = DeliveryFinder(records, core.journal, work=work, directory=ports.people)
    receipts = Receipts(
        ReceiptStore(core.database), finder, ports.people, flow=core.flow, clock=clock, ids=core.ids
    )
    connect(
        core,
        Hearers(orchestrator, delivery, letters, receipts, plans),
        edge=edge,
        copies=copying.copies if copying else None,
    )
    memory = open_history(core, ports.people)
    deliver = delivery.take_arrived
    if copying is not None:
        deliver = partial(copying.copies.take, deliver=deliver)
        await copying.consume(delivery)
    if edge is not None:
        await edge.consume(gateway, orchestrator, deliver, tenants=ports.tenants)
    sweeps = [each.sweep for each in (plans, copying.copies if copying else None) if each]
    tracker = Tracker(records, work, memory.history if memory else None)
    keepers = keepers_here(core, Stores(delivery, store, tracker, edge, memory))
    asked = everybody(core, user_store, keepers, http=ports.http)
    erasures = start_erasing(core, user_store, users, keepers=asked, audit=admission.audit)
    await start_workers(
        core,
        AtWork(
            gateway,
            orchestrator,
            delivery,
            receipts,
            backlog,
            partial(_oldest, store, copying),
            sweeps,
            [erasures],
        ),
        edge=edge,
        copies=copying.copies if copying else None,
        memory=memory,
    )
    return Roles(
        accounts=accounts,
        access=access,
        users=users,
        imports=imports,
        log_in=log_in,
        suppressions=suppressions,
        erasures=erasures,
        exports=Exports(asked, clock=clock),
        keepers=keepers,
        templates=templates,
        mailbox=mailbox,
        inbox=inbox,
        gateway=gateway,
        delivery=delivery,
        letters=letters,
        tracker=tracker,
        receipts=receipts,
        replies=build_replies(core, ports.listener, edge),
        providers=providers,
        backlog=backlog,
        limits=limits,
        exchanges=exchanges,
        core=core,
        edge=edge,
        local=local,
        ports=ports,
    )


async def _oldest(store: DeliveryStore, copying: Copying | None) -> int | None:
    """The position of the oldest notification with open work, here or in a copy."""
    found = [await store.oldest(), await copying.standing.oldest() if copying else None]
    return min((position for position in found if position is not None), default=None)


def defaults_of(settings: Settings) -> Policy:
    """The rules of a tenant that has none."""
    return Policy(retry=settings.retry, timezone=settings.timezone)
