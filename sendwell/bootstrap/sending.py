"""The roles that a notification goes through from the backlog to its end: plan, send, bury."""

from dataclasses import dataclass

from sendwell.bootstrap.core import Core
from sendwell.bootstrap.delivery import build_delivery, build_limits
from sendwell.bootstrap.exchanges import Exchanges, build_exchanges
from sendwell.bootstrap.limiter import open_limiter
from sendwell.bootstrap.links import Links
from sendwell.bootstrap.ports import Ports
from sendwell.ports.audit import Audit
from sendwell.ports.limiter import Limiter
from sendwell.ports.renderer import Renderer
from sendwell.providers.accounts import Providers
from sendwell.providers.in_app.stored import Stored
from sendwell.providers.mailbox import Mailbox
from sendwell.roles.delivery.gate import Gate
from sendwell.roles.delivery.letters import DeadLetters
from sendwell.roles.delivery.limits import Limits
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.words import Words
from sendwell.roles.orchestrator.planner import Planner
from sendwell.roles.orchestrator.service import Orchestrator
from sendwell.runtime.backlog import Backlog
from sendwell.runtime.cancelled import Cancelled


@dataclass(frozen=True, slots=True)
class Sending:
    """What plans, what sends, and what both go by."""

    backlog: Backlog
    orchestrator: Orchestrator
    delivery: Delivery
    exchanges: Exchanges
    limits: Limits
    limiter: Limiter
    letters: DeadLetters


async def build_sending(
    core: Core,
    ports: Ports,
    links: Links,
    *,
    providers: Providers,
    renderer: Renderer,
    audit: Audit,
) -> Sending:
    """Build them; nobody works before `start_workers`."""
    backlog = Backlog(core.journal, links.planned)
    mailbox, inbox = Mailbox(ports.mailbox), Stored(ports.inbox)
    exchanges = build_exchanges(core, providers, mailbox=mailbox, inbox=inbox)
    limiter = await open_limiter(core)
    limits = build_limits(core, ports.tenants, limiter=limiter)
    delivery = build_delivery(
        core,
        links.store,
        exchanges=exchanges,
        gate=Gate(ports.people, ports.tenants, channels=core.channels),
        words=Words(ports.catalogue, renderer, tenants=ports.tenants, channels=core.channels),
        tenants=ports.tenants,
        people=ports.people,
        limits=limits,
    )
    planner = Planner(ports.people, ports.catalogue, ports.tenants, channels=core.channels)
    orchestrator = Orchestrator(
        planner,
        core.journal,
        backlog,
        flow=core.flow,
        pace=delivery.pace,
        cancelled=Cancelled(core.journal, links.work),
    )
    letters = DeadLetters(
        core.database,
        core.journal,
        flow=core.flow,
        audit=audit,
        channels=core.channels,
        work=links.work,
    )
    return Sending(backlog, orchestrator, delivery, exchanges, limits, limiter, letters)
