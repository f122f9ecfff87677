"""The quarantines of all services: what each tells of its own, and who shows all of them."""

from functools import partial

from sendwell.adapters.peers.peer import Peer
from sendwell.adapters.peers.quarantine import RemoteQuarantine
from sendwell.bootstrap.copying import name_of
from sendwell.bootstrap.core import Core
from sendwell.bootstrap.keepers import services_beside
from sendwell.bootstrap.ports import token_of
from sendwell.domain.errors import NotFound
from sendwell.ports import questions as q
from sendwell.ports.http import Http
from sendwell.ports.quarantine import Quarantined, Shelf
from sendwell.runtime.quarantine.gathered import Gathered
from sendwell.runtime.quarantine.quarantine import QuarantineStore
from sendwell.runtime.server.questions import Questions

_HERE = "gateway"
"""Who shows them."""


def all_quarantines(core: Core, http: Http) -> Gathered:
    """Those of the process itself and of the services beside it."""
    found: dict[str, Quarantined] = {_HERE: _own(core)}
    token = token_of(core.settings)
    for url, name in services_beside(core.settings).items():
        peer = Peer(name, url, http=http, token=token, clock=core.clock)
        found[name] = RemoteQuarantine(peer)
    return Gathered(found)


def answer_quarantine(questions: Questions, core: Core) -> None:
    """From now on other services may ask for what is in quarantine here."""
    own = _own(core)

    async def page(asked: q.AskQuarantine) -> Shelf:
        return await own.page(asked.tenant, asked.narrowed, before=asked.before, limit=asked.limit)

    async def find(asked: q.AskQuarantined) -> q.QuarantinedFound:
        try:
            return q.QuarantinedFound(await own.find(asked.tenant, asked.number))
        except NotFound:
            return q.QuarantinedFound(None)

    questions.answer(q.QUARANTINE, page)
    questions.answer(q.QUARANTINED, find)


def _own(core: Core) -> QuarantineStore:
    """Called by the database's name, where other services may have the same."""
    if core.settings.is_whole:
        return QuarantineStore(core.database)
    return QuarantineStore(core.database, named=partial(name_of, core.database))
