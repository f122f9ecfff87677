"""All roles in one process on one SQLite file, with their HTTP application."""

from dataclasses import dataclass

from sendwell.adapters.limiter.memory import MemoryLimiter
from sendwell.bootstrap import Core, Roles, build_core, build_roles
from sendwell.roles.accounts import api as accounts_api
from sendwell.roles.delivery import api as delivery_api
from sendwell.roles.gateway.api import Intake
from sendwell.roles.gateway.quota import Quota
from sendwell.roles.inbox import api as inbox_api
from sendwell.roles.mailbox import api as mailbox_api
from sendwell.roles.receipts.api import Integration, Webhooks
from sendwell.roles.templates import api as templates_api
from sendwell.roles.tracker import api as tracker_api
from sendwell.roles.users import api as users_api
from sendwell.runtime.server.app import FrontDoor, build_app
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.health import Health
from sendwell.sample import begin_empty, begin_with_sample
from sendwell.settings import BUILT_IN_SECRET, Settings
from sendwell.telemetry.logs import set_log_level
from sendwell.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running Sendwell; `key` is a working API key."""

    app: FrontDoor
    key: str
    core: Core
    roles: Roles
    quota: Quota

    def swap(self, before: Settings, after: Settings) -> None:
        """Put changed settings in force, all of them or none. Raises Invalid."""
        del before
        self.roles.swap(after)
        self.quota.use(after.rates.api)
        set_log_level(after.log_level)

    def drain(self) -> None:
        """Take nothing in any more, and let go of those who wait for something to happen."""
        self.core.process.is_draining = True
        self.roles.gateway.close()
        self.roles.mailbox.close()
        self.roles.inbox.close()

    async def stop(self) -> None:
        """Finish or hand back what is in flight, and close everything."""
        await self.core.process.stop()


async def build(settings: Settings) -> Embedded:
    """Start all roles, with the sample if it is wanted."""
    core = await build_core(settings)
    roles = await build_roles(core)
    if settings.is_sample:
        key = await begin_with_sample(roles)
    else:
        key = await begin_empty(roles, settings.data)
    quota = Quota(core.settings.rates.api)
    return Embedded(_app(core, roles, quota), key.text, core, roles, quota)


def _app(core: Core, roles: Roles, quota: Quota) -> FrontDoor:
    callers = Callers(roles.accounts, core.settings.anonymous)
    webhooks = Webhooks(
        roles.receipts,
        {
            name: Integration(reader.account, reader.reader)
            for name, reader in roles.providers.readers.items()
        },
        public_url=core.settings.public_url or f"http://{core.settings.host}:{core.settings.port}",
        clock=core.clock,
    )
    intake = Intake(roles.gateway, callers, quota=quota, clock=core.clock)
    hot = [
        *intake.routes(),
        *webhooks.routes(),
        *Health(core.process, roles.observe).routes(),
    ]
    routers = [
        tracker_api.routes(roles.tracker),
        delivery_api.routes(
            roles.delivery, roles.letters, requests=roles.tracker, clock=core.clock
        ),
        users_api.routes(roles.users),
        templates_api.routes(roles.templates),
        accounts_api.routes(roles.accounts),
        mailbox_api.routes(roles.mailbox),
        inbox_api.routes(roles.inbox),
    ]
    app = build_app(callers, hot, routers)
    Pages(
        app,
        # The built-in secret is public: then sessions are sealed with one that nobody knows.
        secret=None if core.settings.secret == BUILT_IN_SECRET else core.settings.secret,
        clock=core.clock,
        limiter=MemoryLimiter(),
        is_https=(core.settings.public_url or "").startswith("https:"),
    ).mount()
    return FrontDoor(app, hot)
