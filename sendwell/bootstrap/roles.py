"""Builds every role of one process and connects what they say with who listens."""

from dataclasses import dataclass
from functools import partial

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.delivery import build_delivery, rates_of
from sendwell.bootstrap.edge import Edge, open_edge
from sendwell.bootstrap.exchanges import Exchanges, build_exchanges, means_of
from sendwell.bootstrap.limiter import open_limiter
from sendwell.domain.outbound import Allowed
from sendwell.domain.policy import Policy
from sendwell.domain.presets.streams import LogicalStream
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task
from sendwell.providers.accounts import Providers, build_providers
from sendwell.providers.in_app.stored import Stored
from sendwell.providers.mailbox import Mailbox as MailboxProvider
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.letters import DeadLetters
from sendwell.roles.delivery.limits import Limits
from sendwell.roles.delivery.service import Delivery
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
from sendwell.runtime.cluster.takeover import Adopts, TakeOver
from sendwell.runtime.journal.listener import recorder
from sendwell.runtime.journal.records import SqlRecords
from sendwell.runtime.journal.sweep import sweep
from sendwell.runtime.process import Worker
from sendwell.settings import Settings
from sendwell.telemetry.names import OUTBOX, UNPLANNED


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
    limits: Limits
    exchanges: Exchanges
    core: Core
    edge: Edge | None

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
    accounts = Accounts(AccountStore(core.database), defaults=defaults_of(settings), clock=clock)
    await accounts.start()
    renderer = MinijinjaRenderer()
    users = Users(UserStore(core.database), clock=clock)
    templates = Templates(
        TemplateStore(core.database), renderer=renderer, clock=clock, audit=accounts
    )
    mailbox = Mailbox(MailboxStore(core.database), clock)
    inbox = Inbox(InboxStore(core.database), clock)
    providers = build_providers(
        [(each.vendor, each.account, each.json) for each in settings.credentials], means_of(core)
    )
    store = DeliveryStore(core.database, core.journal, node=core.membership.node)
    backlog = Backlog(core.journal, store.planned)
    exchanges = build_exchanges(
        core, providers, mailbox=MailboxProvider(mailbox), inbox=Stored(inbox)
    )
    limits = Limits(await open_limiter(core), rates_of(settings))
    delivery = build_delivery(
        core,
        store,
        exchanges=exchanges,
        gate=Gate(users, accounts),
        words=Words(templates, renderer, tenants=accounts, channels=core.channels),
        accounts=accounts,
        users=users,
        limits=limits,
    )
    planner = Planner(users, templates, accounts)
    orchestrator = Orchestrator(planner, core.journal, backlog, flow=core.flow, pace=delivery.pace)
    edge = await open_edge(core, accounts.policy)
    letters = DeadLetters(core.database, core.journal, flow=core.flow, audit=accounts)
    gateway = Gateway(
        Builder(core.channels, clock=clock, ids=core.ids),
        core.journal,
        backlog,
        tenants=accounts,
        templates=TemplateCheck(templates),
    )
    _connect(core, orchestrator, delivery, letters=letters, edge=edge)
    await delivery.recover()
    backlog.recover()
    records = SqlRecords(core.database)
    finder = DeliveryFinder(records, core.journal, work=store, directory=users)
    receipts = Receipts(
        ReceiptStore(core.database), finder, users, flow=core.flow, clock=clock, ids=core.ids
    )
    core.flow.listen(Status, receipts.on_status)
    adopting: list[Adopts] = [delivery, orchestrator]
    planning = Worker("orchestrator", orchestrator.run)
    if edge is not None:
        await edge.consume(gateway, orchestrator, delivery, knows=accounts.knows)
        adopting.append(edge.outbox)
        if edge.carries(LogicalStream.ACCEPTED):
            forwarder = edge.forwarder(backlog)
            planning, adopting[1] = Worker("forwarder", forwarder.run), forwarder
    for worker in (
        Worker("gateway", gateway.run, gateway.close),
        planning,
        Worker("delivery", delivery.run, delivery.stop),
        Worker("receipts", receipts.run, receipts.stop),
        Worker("sweep", partial(sweep, core.journal, clock)),
        Worker("membership", partial(core.membership.keep, TakeOver(*adopting))),
    ):
        core.process.start(worker)
    if edge is not None:
        core.process.start(Worker("outbox", edge.outbox.run, edge.outbox.stop))
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
        limits=limits,
        exchanges=exchanges,
        core=core,
        edge=edge,
    )


def _connect(
    core: Core,
    orchestrator: Orchestrator,
    delivery: Delivery,
    *,
    letters: DeadLetters,
    edge: Edge | None,
) -> None:
    """Who hears what. The journal comes first: a Status is the history row."""
    flow = core.flow
    by_bus = edge is not None and edge.carries(LogicalStream.TASK)
    flow.listen(Requested, orchestrator.on_requested)
    flow.listen(Requested, measures.on_requested)
    flow.listen(Task, edge.announcements.on_tasks if edge and by_bus else delivery.on_tasks)
    flow.listen(Status, recorder(core.journal))
    flow.listen(Status, orchestrator.on_status)
    flow.listen(Status, measures.on_status)
    flow.listen(Dead, letters.on_dead)
    flow.listen(Dead, measures.on_dead)
    if edge is not None:
        flow.listen(Status, edge.announcements.on_status)
        flow.listen(Dead, edge.announcements.on_dead)
    core.inward.listen(Task, delivery.on_tasks)


def defaults_of(settings: Settings) -> Policy:
    """The rules of a tenant that has none."""
    return Policy(retry=settings.retry, timezone=settings.timezone)
