"""The roles of one process with their HTTP application: all of them, or some beside others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import Route

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.adapters.peers.delivery import RemoteDelivery
from sendwell.bootstrap import Core, Roles, build_core, build_roles
from sendwell.bootstrap.answers import answers
from sendwell.bootstrap.core import url_of
from sendwell.bootstrap.keepers import answer_for, deliverers
from sendwell.bootstrap.ports import believed_of, token_of
from sendwell.bootstrap.presets import preset_of
from sendwell.bootstrap.quarantines import all_quarantines, answer_quarantine
from sendwell.bootstrap.secret import private
from sendwell.channels import all_channels
from sendwell.roles.accounts import api as accounts_api
from sendwell.roles.delivery import api as delivery_api
from sendwell.roles.gateway.api import Intake
from sendwell.roles.inbox import api as inbox_api
from sendwell.roles.mailbox import api as mailbox_api
from sendwell.roles.receipts.api import INBOUND, Integration, Webhooks
from sendwell.roles.receipts.api import PATH as WEBHOOKS
from sendwell.roles.templates import api as templates_api
from sendwell.roles.tracker import api as tracker_api
from sendwell.roles.users import api as users_api
from sendwell.roles.users.api import erasure as erasure_api
from sendwell.roles.users.api import export as export_api
from sendwell.roles.users.api import imports as imports_api
from sendwell.roles.users.api import log_in as log_in_api
from sendwell.roles.users.api import suppressions as suppressions_api
from sendwell.runtime.quarantine import api as quarantine_api
from sendwell.runtime.server.app import FrontDoor, build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.health import Health
from sendwell.runtime.server.proxy import Proxy
from sendwell.sample import begin_empty, begin_with_sample
from sendwell.settings import Settings, strangers
from sendwell.telemetry.logs import set_log_level
from sendwell.web.asyncapi.route import asyncapi_route
from sendwell.web.openapi.route import openapi_route
from sendwell.web.pages import Pages

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running Sendwell; `key` is a working API key, `metrics` what may have its own port."""

    app: FrontDoor
    metrics: Starlette
    key: str
    core: Core
    roles: Roles

    def swap(self, before: Settings, after: Settings) -> None:
        """Put changed settings in force, all of them or none. Raises Invalid."""
        del before
        self.roles.swap(after)
        _tell_of_strangers(after)
        set_log_level(after.log_level)

    def drain(self) -> None:
        """Take nothing in any more, and let go of those who wait for something to happen."""
        self.core.process.is_draining = True
        self.roles.gateway.close()
        self.roles.mailbox.close()
        self.roles.inbox.close()
        self.roles.ports.http.end_streams()

    async def stop(self) -> None:
        """Finish or hand back what is in flight, and close everything."""
        await self.core.process.stop()


async def build(settings: Settings) -> Embedded:
    """Start the roles of this process, with the sample if it is wanted."""
    _tell_of_strangers(settings)
    core = await build_core(settings)
    roles = await build_roles(core)
    key = await _begin(settings, roles)
    health = Health(core.process, roles.observe)
    app = _app(core, roles, health)
    return Embedded(app, Starlette(routes=health.routes()), key, core, roles)


def _tell_of_strangers(settings: Settings) -> None:
    """Who delivers has the credentials, and knows what there is."""
    found = strangers(settings, all_channels()) if "delivery" in settings.roles else ()
    if found:
        variables = [each.variable for each in found]
        log.warning(
            "configuration.without_effect",
            variables=variables,
            help="they name what is not there: `sendwell doctor` says what is",
        )


async def _begin(settings: Settings, roles: Roles) -> str:
    """Somebody can use it: gives the text of a key, where keys are this process's."""
    if settings.is_sample:
        return (await begin_with_sample(roles)).text
    if "accounts" in settings.roles:
        return (await begin_empty(roles, settings.data)).text
    return ""


def _app(core: Core, roles: Roles, health: Health) -> FrontDoor:
    here = core.settings.roles
    callers = Callers(roles.ports.tenants, core.settings.anonymous, people=roles.ports.persons)
    hot: list[Route] = [*health.routes(with_metrics=core.settings.metrics_port is None)]
    if "gateway" in here:
        intake = Intake(roles.gateway, callers, quota=roles.quota, clock=core.clock)
        streams = asyncapi_route(preset_of(core.settings), core.channels.values())
        hot = [*intake.routes(), *hot, streams]
    if "receipts" in here:
        hot += _webhooks(core, roles).routes()
    if not core.settings.is_whole:
        questions = answers(core, roles.local, roles.delivery)
        answer_for(questions, roles.keepers)
        answer_quarantine(questions, core)
        hot += questions.routes()
    offered, entries = _offered(core, roles), _entries(roles)
    proxied: list[Route] = []
    if "gateway" in here:
        proxied = _proxied(core, roles, {**offered, "users": offered["users"] + entries["users"]})
    app = build_app(
        callers,
        [*hot, *proxied],
        [
            router
            for role, own in offered.items()
            if role in here and role != "accounts"
            for router in own
        ],
        above_tenants=[
            *(offered["accounts"] if "accounts" in here else ()),
            *(entries["users"] if "users" in here else ()),
        ],
        service_tokens=[] if core.settings.is_whole else believed_of(core.settings),
    )
    if "gateway" in here:
        _mount_pages(core, app)
    else:
        app.router.routes.append(openapi_route(app))
    return FrontDoor(app, hot)


def _offered(core: Core, roles: Roles) -> dict[str, list[APIRouter]]:
    """What each role offers over HTTP beside the hot routes."""
    cancels = (
        roles.delivery
        if "delivery" in core.settings.roles
        else RemoteDelivery(deliverers(core, roles.ports.http))
    )
    letters = delivery_api.routes(cancels, roles.letters, requests=roles.tracker, clock=core.clock)
    return {
        "tracker": [tracker_api.routes(roles.tracker), letters],
        "users": [
            users_api.routes(roles.users, roles.erasures),
            users_api.topic_routes(roles.users),
            erasure_api.routes(roles.erasures),
            export_api.routes(roles.users, roles.exports),
            imports_api.routes(roles.imports),
            log_in_api.password_routes(roles.log_in),
            suppressions_api.routes(roles.suppressions),
        ],
        "templates": [templates_api.routes(roles.templates)],
        "accounts": [
            accounts_api.routes(roles.accounts),
            *accounts_api.access_routes(roles.access, is_https=_is_https(core.settings)),
        ],
        "mailbox": [mailbox_api.routes(roles.mailbox)],
        "inbox": [inbox_api.routes(roles.inbox)],
        "gateway": [quarantine_api.routes(all_quarantines(core, roles.ports.http))],
    }


def _entries(roles: Roles) -> dict[str, list[APIRouter]]:
    """Where people show who they are, to whom nobody's data belongs yet."""
    return {"users": [log_in_api.session_routes(roles.log_in)]}


def _proxied(core: Core, roles: Roles, offered: Mapping[str, Sequence[APIRouter]]) -> list[Route]:
    """The routes of roles in other services."""
    routes: list[Route] = []
    for role, routers in offered.items():
        url = url_of(core.settings, role)
        if role not in core.settings.roles and url is not None:
            routes += Proxy(role, url, roles.ports.http, token=token_of(core.settings)).routes_of(
                routers
            )
    url = url_of(core.settings, "receipts")
    if "receipts" not in core.settings.roles and url is not None:
        proxy = Proxy("receipts", url, roles.ports.http)
        routes += [Route(each, proxy.hand_on, methods=["POST"]) for each in (WEBHOOKS, INBOUND)]
    return routes


def _webhooks(core: Core, roles: Roles) -> Webhooks:
    return Webhooks(
        roles.receipts,
        {
            name: Integration(reader.account, reader.reader, inbound=reader.inbound)
            for name, reader in roles.providers.readers.items()
        },
        public_url=core.settings.public_url or f"http://{core.settings.host}:{core.settings.port}",
        clock=core.clock,
        replies=roles.replies,
    )


def _mount_pages(core: Core, app: FastAPI) -> None:
    Pages(
        app,
        secret=private(core.settings.secret),
        also=private(core.settings.secret_also),
        clock=core.clock,
        limiter=MemoryLimiter(),
        public_url=core.settings.public_url,
    ).mount()


def _is_https(settings: Settings) -> bool:
    return (settings.public_url or "").startswith("https:")
