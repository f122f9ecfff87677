"""What is open for somebody who is erased, and what dead letters say of them."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select, update

from sendwell.domain.admission import ERASED
from sendwell.domain.ids import Part, Position, TenantId
from sendwell.domain.lifecycle import State
from sendwell.ports.database import Database
from sendwell.roles.delivery.service import Delivery
from sendwell.roles.delivery.store import DeliveryStore
from sendwell.roles.delivery.tables import DEAD_LETTER
from sendwell.runtime.journal.personal import Theirs

Places = Mapping[Position, Collection[int]]


class Ending:
    """Ends what is open for erased people."""

    def __init__(self, database: Database, store: DeliveryStore, delivery: Delivery) -> None:
        self._database = database
        self._store = store
        self._delivery = delivery

    async def __call__(self, theirs: Sequence[Theirs]) -> Collection[Position]:
        """Notifications of one tenant, with the places of erased recipients in them: what waits
        ends by the rule `erased`. Gives the positions where a send is in flight.
        """
        places = {each.request.position: each.places for each in theirs}
        tenant = theirs[0].request.tenant
        await self._empty_letters(tenant, places)
        waiting: dict[Position, list[str]] = {}
        in_flight: set[Position] = set()
        for status in await self._store.open(tenant, list(places)):
            if Part.parse(status.part).recipient not in places[status.position]:
                continue
            if status.state is State.PROCESSING:
                in_flight.add(status.position)
            else:
                waiting.setdefault(status.position, []).append(status.part)
        for position, parts in waiting.items():
            await self._delivery.end(tenant, position, parts=parts, by=ERASED)
        return in_flight

    async def _empty_letters(self, tenant: TenantId, places: Places) -> None:
        """Vendors quote the recipient in their errors."""
        letters = await self._database.rows(
            select(DEAD_LETTER.c.id, DEAD_LETTER.c.position, DEAD_LETTER.c.part).where(
                DEAD_LETTER.c.tenant == tenant,
                DEAD_LETTER.c.position.in_(places),
                DEAD_LETTER.c.text.is_not(None),
            )
        )
        theirs = [
            letter.id
            for letter in letters
            if Part.parse(letter.part).recipient in places[letter.position]
        ]
        if theirs:
            which = DEAD_LETTER.c.id.in_(theirs)
            await self._database.execute(update(DEAD_LETTER).where(which).values(text=None))
