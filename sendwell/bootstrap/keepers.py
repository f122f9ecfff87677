"""Who keeps something of people: in this process, and in the services beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sendwell.adapters.peers.keeper import RemoteKeeper
from sendwell.adapters.peers.peer import Peer
from sendwell.bootstrap.core import Core, url_of
from sendwell.bootstrap.edge import Edge
from sendwell.bootstrap.history import Memory
from sendwell.bootstrap.ports import token_of
from sendwell.bootstrap.users import UsersRole
from sendwell.domain.presets import find_preset
from sendwell.messages.extract import Extract
from sendwell.messages.status import Status
from sendwell.ports import questions as q
from sendwell.ports.audit import Audit
from sendwell.ports.http import Http
from sendwell.ports.keepers import Erased, Keeper, Told
from sendwell.roles.delivery.keeping import Ending
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.inbox.keeping import InboxKeeper
from sendwell.roles.mailbox.keeping import MailboxKeeper
from sendwell.roles.mailbox.store import MailboxStore
from sendwell.roles.tracker.service import Tracker
from sendwell.roles.tracker.telling import Telling
from sendwell.roles.users.service.erasure import SETTLING, Erasures
from sendwell.roles.users.service.export import Exports
from sendwell.roles.users.service.own import OwnKeeper
from sendwell.roles.users.store import UserStore
from sendwell.runtime.chronicle.keeping import HistoryKeeper
from sendwell.runtime.deeds import Deeds
from sendwell.runtime.journal.erasing import JournalKeeper
from sendwell.runtime.journal.forgetting import Forgetting
from sendwell.runtime.keepers import Keepers
from sendwell.runtime.outbox.keeping import OutboxKeeper
from sendwell.runtime.process import Worker
from sendwell.runtime.quarantine.keeping import QuarantineKeeper
from sendwell.runtime.server.questions import Questions
from sendwell.settings import ROLES, Settings

_ALONE = timedelta(seconds=1)
"""For what was between its last look and its send when the person went."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where this process keeps what is not the users role's."""

    delivery: Delivery
    work: DeliveryStore
    tracker: Tracker
    edge: Edge | None
    memory: Memory | None


def keepers_here(core: Core, stores: Stores) -> dict[str, Keeper]:
    """Those of this process. The journal comes first: it stops what would put down more."""
    here, database = core.settings.roles, core.database
    found: dict[str, Keeper] = {
        "journal": JournalKeeper(
            database,
            stop=Ending(database, stores.work, stores.delivery),
            tell=Telling(stores.tracker) if "tracker" in here else None,
        ),
        "quarantine": QuarantineKeeper(database),
        "outbox": OutboxKeeper(database, core.clock),  # also where there is no bus any more
    }
    if "inbox" in here:
        found["inbox"] = InboxKeeper(database)
    if "mailbox" in here:
        found["mailbox"] = MailboxKeeper(MailboxStore(database))
    if stores.memory is not None:
        found["history"] = HistoryKeeper(database, stores.memory.history, core.clock)
    return found


@dataclass(frozen=True, slots=True)
class Keeping:
    """Who keeps something of people here, and what is done with all that is kept anywhere."""

    keepers: Mapping[str, Keeper]
    exports: Exports
    erasures: Erasures


def start_keeping(
    core: Core, people: UsersRole, stores: Stores, *, http: Http, audit: Audit
) -> Keeping:
    """What the users role does with all keepers; erasures begin to work."""
    here = keepers_here(core, stores)
    asked = _everybody(core, people.store, here, http=http)
    erasures = _start_erasing(core, people, keepers=asked, audit=audit)
    return Keeping(here, Exports(asked, clock=core.clock), erasures)


def _everybody(
    core: Core, store: UserStore, here: Mapping[str, Keeper], *, http: Http
) -> dict[str, Keeper]:
    """All of them, as the users role asks them: itself, then this process, then other services."""
    return {"users": OwnKeeper(store), **here, **_keepers_elsewhere(core, http)}


def _keepers_elsewhere(core: Core, http: Http) -> dict[str, Keeper]:
    """Each of the other services, by the name of a role there or by its URL."""
    token = token_of(core.settings)
    return {
        name: RemoteKeeper(Peer(name, url, http=http, token=token, clock=core.clock))
        for url, name in services_beside(core.settings).items()
    }


def _start_erasing(
    core: Core, people: UsersRole, *, keepers: Mapping[str, Keeper], audit: Audit
) -> Erasures:
    """Erasures, at work where the users role is; and what empties requests that come too late."""
    here = core.settings.roles
    erasures = Erasures(
        people.store.erasures,
        clock=core.clock,
        ids=core.ids,
        gone=people.users.gone,
        keepers=keepers,
        settling=_ALONE if _is_alone(core) else SETTLING,
        deeds=Deeds(audit, core.database, core.clock),
    )
    if "users" in here:
        core.process.start(Worker("erasures", erasures.run))
    forgetting = Forgetting(core.database)
    core.flow.listen(Status, forgetting.on_status)
    core.flow.listen(Extract, forgetting.on_extract)
    core.process.start(Worker("forgetting", forgetting.run))
    return erasures


def _is_alone(core: Core) -> bool:
    """Whether no other process can remember a person: what is forgotten here is forgotten."""
    return core.settings.is_whole and core.database.dialect == "sqlite"


def answer_for(questions: Questions, keepers: Mapping[str, Keeper]) -> None:
    """From now on other services may ask all keepers of this one."""
    all_of_them = Keepers(keepers)

    async def tell(asked: q.AskOf) -> Told:
        return await all_of_them.tell(asked.whom, after=asked.after)

    async def erase(asked: q.AskOf) -> Erased:
        return await all_of_them.erase(asked.whom, after=asked.after)

    questions.answer(q.TELL, tell)
    questions.answer(q.ERASE, erase)


def deliverers(core: Core, http: Http) -> list[Peer]:
    """The other services that may deliver: one, or one for each channel."""
    settings, token = core.settings, token_of(core.settings)
    preset = find_preset(settings.preset)
    ports = (each.port for each in preset.services if "delivery" in each.roles)
    told = settings.peers.url.get("delivery") or settings.peers.port.get("delivery")
    urls = [url] if told and (url := url_of(settings, "delivery")) else []
    urls += [] if told else [f"http://127.0.0.1:{port}" for port in ports]
    urls += [more.text.rstrip("/") for more in settings.peers.more]
    return [
        Peer("delivery", url, http=http, token=token, clock=core.clock)
        for url in dict.fromkeys(urls) or [None]
    ]


def services_beside(settings: Settings) -> dict[str, str]:
    """The other services, each once: names by URL."""
    if settings.is_whole:
        return {}
    services: dict[str, str] = {}
    for role in ROLES:
        url = None if role in settings.roles else url_of(settings, role)
        if url is not None:
            services.setdefault(url.rstrip("/"), role)
    preset = find_preset(settings.preset)
    for service in preset.services if len(preset.services) > 1 else ():
        is_told = any(
            role in settings.roles or role in settings.peers.url or role in settings.peers.port
            for role in service.roles
        )
        if not is_told:
            services.setdefault(f"http://127.0.0.1:{service.port}", service.name)
    for more in settings.peers.more:
        services.setdefault(more.text.rstrip("/"), more.text)
    return services
