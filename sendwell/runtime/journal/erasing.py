"""The journal without somebody: bodies emptied, texts gone, every row still there."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, and_, bindparam, delete, select, tuple_, update

from sendwell.domain.admission import ERASED
from sendwell.domain.ids import Part, Position, TenantId
from sendwell.messages import requested as codec
from sendwell.messages.emptied import emptied
from sendwell.ports.database import Database, Unit, Write
from sendwell.ports.keepers import Erased, Item, Told, Whom
from sendwell.runtime.journal.personal import Personal, Theirs
from sendwell.runtime.journal.tables import HISTORY, OUTCOME, RECIPIENT, REQUESTED

Places = Mapping[Position, Collection[int]]
Tell = Callable[[Theirs], Awaitable[Item]]
"""Shows a notification to the person it was for."""

Stop = Callable[[Sequence[Theirs]], Awaitable[Collection[Position]]]
"""Ends the open deliveries of these recipients; gives where a send is in flight, which has to come
back first."""


class Gone(NamedTuple):
    """Recipients of a notification of whom nothing is to be left."""

    tenant: TenantId
    position: Position
    places: tuple[int, ...]


class JournalKeeper:
    """See the port Keeper. Without `tell` it is a copy of another one, where that is told."""

    def __init__(self, database: Database, *, stop: Stop, tell: Tell | None = None) -> None:
        self._database = database
        self._personal = Personal(database)
        self._stop = stop
        self._tell = tell

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        if self._tell is None:
            return Told()
        theirs, more = await self._personal.step(whom, after)
        return Told([await self._tell(each) for each in theirs], more)

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """See the port."""
        theirs, more = await self._personal.step(whom, after)
        in_flight = await self._stop(theirs) if theirs else ()
        gone = [
            Gone(whom.tenant, request.position, places)
            for request, places in theirs
            if request.position not in in_flight
        ]
        if gone:
            await self._database.commit(emptying(gone))
        return Erased(len(gone), more, is_busy=bool(in_flight))


def emptying(gone: Sequence[Gone]) -> Unit:
    """The writes after which nothing of these recipients is left in the journal. Idempotent."""
    return [Write(_empty, gone)]


def _empty(connection: Connection, gone: Sequence[Gone]) -> None:
    places: dict[Position, set[int]] = {}
    for each in gone:
        places.setdefault(each.position, set()).update(each.places)
    for tenant in {each.tenant for each in gone}:
        own = {each.position: places[each.position] for each in gone if each.tenant == tenant}
        _empty_bodies(connection, tenant, own)
        for table in (OUTCOME, HISTORY):
            _empty_texts(connection, table, tenant, own)


def _empty_bodies(connection: Connection, tenant: TenantId, places: Places) -> None:
    """Read and written by one transaction: another recipient may be on the way out as well."""
    found = connection.execute(
        select(REQUESTED.c.position, REQUESTED.c.body)
        .where(REQUESTED.c.tenant == tenant, REQUESTED.c.position.in_(places))
        .order_by(REQUESTED.c.position)  # two that lock the same rows do so in one order
        .with_for_update()
    ).all()
    if not found:
        return
    those = [(position, place) for position, own in places.items() for place in own]
    connection.execute(
        delete(RECIPIENT).where(
            RECIPIENT.c.tenant == tenant,
            tuple_(RECIPIENT.c.position, RECIPIENT.c.place).in_(those),
        )
    )
    # The column names a single recipient only, and that one is gone.
    connection.execute(
        update(REQUESTED)
        .where(REQUESTED.c.position == bindparam("at"), REQUESTED.c.tenant == tenant)
        .values(body=bindparam("without"), user_id=None),
        [
            {
                "at": row.position,
                "without": codec.encode(emptied(codec.decode(row.body), places[row.position])),
            }
            for row in found
        ],
    )


def _empty_texts(connection: Connection, table: Table, tenant: TenantId, places: Places) -> None:
    """Vendors quote the recipient in their errors."""
    of_tenant = table.c.tenant == tenant
    found = connection.execute(
        select(table.c.position, table.c.part).where(
            of_tenant,
            table.c.position.in_(places),
            table.c.text.is_not(None),
            table.c.rule.is_distinct_from(ERASED.rule),
        )
    ).all()
    for position, part in found:
        if Part.parse(part).recipient in places[position]:
            is_this = and_(of_tenant, table.c.position == position, table.c.part == part)
            connection.execute(update(table).where(is_this).values(text=None))
