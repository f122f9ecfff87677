"""What roles ask of each other: in this process where the role is here, else over HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from sendwell.adapters.http import HttpClient, Limits, Trusted
from sendwell.adapters.peers.answers import Means
from sendwell.adapters.peers.catalogue import Flaws, RemoteCatalogue
from sendwell.adapters.peers.changes import RemoteChanges
from sendwell.adapters.peers.directory import RemoteDirectory
from sendwell.adapters.peers.listener import RemoteListener
from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.peers.persons import RemotePersons
from sendwell.adapters.peers.shelf import RemoteShelf
from sendwell.adapters.peers.tenants import RemoteTenants
from sendwell.bootstrap.accounts import defaults_of
from sendwell.bootstrap.core import Core, url_of
from sendwell.domain.errors import Invalid
from sendwell.domain.ids import TenantId
from sendwell.ports import questions as q
from sendwell.ports.catalogue import Catalogue
from sendwell.ports.directory import Directory, PeopleChanged
from sendwell.ports.http import Http
from sendwell.ports.listener import Listener
from sendwell.ports.shelf import Shelf
from sendwell.ports.suppressions import Suppressions
from sendwell.ports.tenants import Persons, RulesChanged, Tenants
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.inbox.service import Inbox
from sendwell.roles.mailbox.service import Mailbox
from sendwell.roles.templates.service import Templates
from sendwell.roles.users.service import Users
from sendwell.roles.users.service.log_in import LogIn
from sendwell.roles.users.service.stop_words import StopWords
from sendwell.runtime.cluster.news import News
from sendwell.runtime.process import Worker
from sendwell.runtime.server.connections import most_streams
from sendwell.settings import BUILT_IN_SECRET, Settings, is_loopback
from sendwell.telemetry.names import ANSWERS

_MOST_BYTES = 16 * 1024 * 1024
"""A person's export is longer than what others may answer."""


class KnownTenants(Tenants, Protocol):
    """The port, who there is, and when that changes."""

    def knows(self, tenant: TenantId) -> bool:
        """Whether there is such a tenant. Never waits."""
        ...

    def on_change(self, heard: RulesChanged) -> None:
        """From now on `heard` is told when a tenant's rules have changed, within 5 s."""
        ...


Find = Callable[[str], Peer]
"""The service with that role; asking it raises Unavailable where nobody has told where it is."""


class People(Directory, Suppressions, Protocol):
    """Both ports of the users role, and when people change."""

    def on_change(self, heard: PeopleChanged) -> None:
        """From now on `heard` is told who has changed, within 2.5 s."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The other roles, as each role sees them."""

    tenants: KnownTenants
    people: People
    catalogue: Catalogue
    inbox: Shelf
    mailbox: Shelf
    persons: Persons
    listener: Listener
    find: Find
    http: HttpClient


@dataclass(frozen=True, slots=True)
class Local:
    """The roles' own objects; used where the role is here."""

    accounts: Accounts
    users: Users
    templates: Templates
    inbox: Inbox
    mailbox: Mailbox
    log_in: LogIn
    stop_words: StopWords


async def open_ports(core: Core, local: Local) -> Ports:
    """Waits until the accounts role has told the tenants' rules, where it is elsewhere."""
    here, clock = core.settings.roles, core.clock
    limits = Limits(body_size=_MOST_BYTES, streams=most_streams())
    http = HttpClient(policy=Trusted(), clock=clock, limits=limits)
    core.process.at_close("peers", http.close)
    find = _finder(core, http)
    catalogue: Catalogue = local.templates
    if "templates" not in here:
        flaws = local.templates.flaws
        catalogue = _catalogue(core, find("templates"), flaws)
    return Ports(
        local.accounts if "accounts" in here else await _tenants(core, find("accounts")),
        local.users if "users" in here else _people(core, find("users")),
        catalogue,
        local.inbox if "inbox" in here else RemoteShelf(find("inbox"), q.INBOX),
        local.mailbox if "mailbox" in here else RemoteShelf(find("mailbox"), q.MAILBOX),
        local.log_in if "users" in here else RemotePersons(find("users"), clock=clock),
        local.stop_words if "users" in here else RemoteListener(find("users")),
        find,
        http,
    )


def token_of(settings: Settings) -> str:
    """By which services know each other. Raises Invalid where everybody would know it."""
    if settings.peers.token:
        return settings.peers.token
    if settings.secret == BUILT_IN_SECRET and not is_loopback(settings.host):
        raise Invalid("Set SERVICE_TOKEN, the same for all services: 32 random characters or more.")
    return _derived(settings.secret)


def believed_of(settings: Settings) -> Sequence[str]:
    """All by which another service proves to be one. Raises Invalid as `token_of` does."""
    if settings.peers.token or settings.secret_also is None:
        return [token_of(settings)]
    return [token_of(settings), _derived(settings.secret_also)]


def _derived(secret: str) -> str:
    return blake2b(secret.encode(), person=b"sendwell-service").hexdigest()


def _finder(core: Core, http: Http) -> Find:
    def find(role: str) -> Peer:
        url, token = url_of(core.settings, role), token_of(core.settings)
        return Peer(role, url, http=http, token=token, clock=core.clock)

    return find


async def _tenants(core: Core, peer: Peer) -> RemoteTenants:
    tenants = RemoteTenants(peer, clock=core.clock, otherwise=defaults_of(core.settings))
    await tenants.start()
    News("accounts", core.signals).listen(lambda _tenant, _thing: tenants.doubt(), tenants.doubt)
    core.process.start(Worker("tenants", tenants.run))
    return tenants


def _people(core: Core, peer: Peer) -> RemoteDirectory:
    people = RemoteDirectory(peer, _means(core))
    News("users", core.signals).listen(people.told, people.missed)
    if "delivery" in core.settings.roles:  # nobody else keeps what is held for them
        core.process.start(Worker("changes of people", RemoteChanges(peer, people.changed).run))
    return people


def _catalogue(core: Core, peer: Peer, flaws: Flaws) -> RemoteCatalogue:
    catalogue = RemoteCatalogue(peer, _means(core), flaws=flaws)
    News("templates", core.signals).listen(catalogue.told, catalogue.missed)
    return catalogue


def _means(core: Core) -> Means:
    def count(about: str, source: str, many: int) -> None:
        ANSWERS.labels(about, source).inc(many)

    return Means(core.clock, core.shared.cache, count)
