"""Builds every role of one process and connects what they say with who listens."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.bootstrap.accounts import AccountsRole, build_accounts, defaults_of
from sendwell.bootstrap.connections import connect
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.delivery import rates_of
from sendwell.bootstrap.edge import Edge
from sendwell.bootstrap.exchanges import Exchanges, means_of, reach_of
from sendwell.bootstrap.history import open_history
from sendwell.bootstrap.keepers import Stores, start_keeping
from sendwell.bootstrap.links import open_links
from sendwell.bootstrap.ports import Local, Ports, open_ports
from sendwell.bootstrap.quota import start_quota
from sendwell.bootstrap.record import start_couriers
from sendwell.bootstrap.replies import build_replies
from sendwell.bootstrap.sending import build_sending
from sendwell.bootstrap.users import UsersRole, build_users
from sendwell.bootstrap.work import AtWork, start_workers
from sendwell.domain.outbound import Allowed
from sendwell.ports.keepers import Keeper
from sendwell.ports.work import Work
from sendwell.providers.accounts import Providers, build_providers
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.service.access import Access
from sendwell.roles.delivery.letters import DeadLetters
from sendwell.roles.delivery.limits import Limits
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.gateway.quota import Quota
from sendwell.roles.gateway.request import Builder
from sendwell.roles.gateway.service import Gateway
from sendwell.roles.gateway.subscribers import Subscribers
from sendwell.roles.gateway.templates import TemplateCheck
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.inbox.store import InboxStore
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.mailbox.store import MailboxStore
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
from sendwell.roles.users.service.suppression_list import SuppressionList
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.cluster.news import News
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
    quota: Quota
    exchanges: Exchanges
    core: Core
    edge: Edge | None
    local: Local
    ports: Ports

    def swap(self, settings: Settings) -> None:
        """Put these settings in force at once, or refuse them as a whole. Raises Invalid."""
        routes = self.exchanges.checked(settings.routes)
        allowed = Allowed.parse(settings.outbound_allow)
        rates = rates_of(settings)
        holds_alike = self.limits.holds_alike(rates)
        self.exchanges.use(routes)
        self.core.guarded.allow(allowed)
        self.limits.use(rates)
        self.quota.use(settings.rates.api)
        self.accounts.use_defaults(defaults_of(settings))
        self.delivery.look_again()
        if not holds_alike:
            self.delivery.look_at_held()

    def observe(self) -> None:
        """Set the gauges to how things are now."""
        UNPLANNED.set(len(self.backlog))
        OUTBOX.set(len(self.edge.outbox) if self.edge else 0)
        self.delivery.observe()


async def build_roles(core: Core) -> Roles:
    """Build the roles and connect what they say with who listens."""
    providers, renderer = _providers(core), MinijinjaRenderer()
    admission = await build_accounts(core, reach_of(core, providers))
    people = await build_users(core, admission)
    local = _local(core, admission, people, renderer=renderer)
    ports = await open_ports(core, local)
    start_couriers(core, admission, people.audit, ports)
    links = await open_links(core, ports.tenants)
    sending = await build_sending(
        core, ports, links, providers=providers, renderer=renderer, audit=admission.audit
    )
    gateway = _gateway(core, ports, sending.backlog, edge=links.edge)
    records = SqlRecords(core.database)
    receipts = _receipts(core, ports, records, work=links.work)
    connect(core, sending, receipts, links)
    memory = open_history(core, ports.people)
    await links.consume(gateway, sending.orchestrator, sending.delivery, tenants=ports.tenants)
    tracker = Tracker(records, links.work, memory.history if memory else None)
    stores = Stores(sending.delivery, links.store, tracker, links.edge, memory)
    keeping = start_keeping(core, people, stores, http=ports.http, audit=admission.audit)
    at_work = AtWork(gateway, sending, receipts, local.inbox, [keeping.erasures])
    await start_workers(core, at_work, links, memory=memory)
    return Roles(
        accounts=admission.accounts,
        access=admission.access,
        users=people.users,
        imports=people.imports,
        log_in=people.log_in,
        suppressions=people.suppressions,
        erasures=keeping.erasures,
        exports=keeping.exports,
        keepers=keeping.keepers,
        templates=local.templates,
        mailbox=local.mailbox,
        inbox=local.inbox,
        gateway=gateway,
        delivery=sending.delivery,
        letters=sending.letters,
        tracker=tracker,
        receipts=receipts,
        replies=build_replies(core, ports.listener, links.edge),
        providers=providers,
        backlog=sending.backlog,
        limits=sending.limits,
        quota=start_quota(core, ports.tenants, sending.limiter),
        exchanges=sending.exchanges,
        core=core,
        edge=links.edge,
        local=local,
        ports=ports,
    )


def _providers(core: Core) -> Providers:
    """Those with credentials."""
    given = [(each.vendor, each.account, each.json) for each in core.settings.credentials]
    return build_providers(given, means_of(core))


def _local(
    core: Core, admission: AccountsRole, people: UsersRole, *, renderer: MinijinjaRenderer
) -> Local:
    """What other roles ask, where it is in this process."""
    templates = Templates(
        TemplateStore(core.database),
        renderer=renderer,
        clock=core.clock,
        audit=admission.audit,
        news=News("templates", core.signals),
    )
    return Local(
        admission.accounts,
        people.users,
        templates,
        inbox=Inbox(InboxStore(core.database), core.clock, news=News("inbox", core.signals)),
        mailbox=Mailbox(MailboxStore(core.database), core.clock),
        log_in=people.log_in,
        stop_words=people.stop_words,
    )


def _gateway(core: Core, ports: Ports, backlog: Backlog, *, edge: Edge | None) -> Gateway:
    return Gateway(
        Builder(core.channels, clock=core.clock, ids=core.ids),
        core.journal,
        backlog,
        core.ids,
        tenants=ports.tenants,
        templates=TemplateCheck(ports.catalogue),
        subscribers=Subscribers(ports.people),
        originals=edge.originals if edge else None,
    )


def _receipts(core: Core, ports: Ports, records: SqlRecords, *, work: Work) -> Receipts:
    finder = DeliveryFinder(records, core.journal, work=work, directory=ports.people)
    store = ReceiptStore(core.database)
    return Receipts(store, finder, ports.people, flow=core.flow, clock=core.clock, ids=core.ids)
