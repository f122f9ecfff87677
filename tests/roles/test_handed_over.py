"""However much a process has left, another one gets all of it: no statement has to take it all."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, NamedTuple, cast

import pytest
from sqlalchemy import Executable, Table, func, insert, select

from sendwell.adapters.system import SystemIds
from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import Node
from sendwell.ports.bus import Bus
from sendwell.ports.database import Database, Done
from sendwell.ports.history import History
from sendwell.runtime.chronicle.chronicle import Chronicle
from sendwell.runtime.chronicle.tables import UNTOLD
from sendwell.runtime.outbox.outbox import Outbox
from sendwell.runtime.outbox.standing import Standing
from sendwell.runtime.outbox.tables import OUTBOX, aside
from tests.roles.databases import EITHER, either

OURS, LEFT, ANOTHER = Node(1), Node(7), Node(9)
IDS = SystemIds()
AT_ONCE = 5_000
MANY = 2 * AT_ONCE + 10


class Hasty:
    """A database that does not wait for a statement that changes very many rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.dialect = database.dialect
        self.rows = database.rows
        self.silences_after: int | None = None
        """It is away once so many statements are done."""

    async def execute(self, *statements: Executable) -> list[Done]:
        if self.silences_after == 0:
            raise Unavailable("The database cannot be reached right now.")
        if self.silences_after is not None:
            self.silences_after -= 1
        done = await self._database.execute(*statements)
        if any(each.rowcount > AT_ONCE for each in done):
            raise Unavailable("The database cannot be reached right now (QueryCanceledError).")
        return done


class Way(NamedTuple):
    """One way of getting what somebody has left, from a table, under these numbers."""

    table: Table
    left_under: Sequence[Node]
    get: Callable[[Database], Any]


WAYS = {
    "outbox": Way(OUTBOX, [LEFT, aside(LEFT)], lambda database: an_outbox(database).adopt(LEFT)),
    "standing": Way(OUTBOX, [aside(OURS)], lambda database: a_standing(database).take_back()),
    "chronicle": Way(UNTOLD, [LEFT], lambda database: a_chronicle(database).adopt(LEFT)),
}


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request) as opened:
        yield opened


def an_outbox(database: Database) -> Outbox:
    return Outbox(database, cast("Bus", None), ids=IDS, node=OURS)


def a_standing(database: Database) -> Standing:
    return Standing(database, cast("Bus", None), OURS, wake=lambda: None)


def a_chronicle(database: Database) -> Chronicle:
    return Chronicle(database, cast("History", None), ids=IDS, node=OURS)


def a_row(table: Table, number: int, node: Node) -> dict[str, Any]:
    own = {"tenant": "acme", "events": b""} if table is UNTOLD else {"letter": b""}
    return {"number": number, "node": node, **own}


async def leave(database: Database, way: Way) -> None:
    """Many rows, under each of the numbers in turn, and one of somebody else in the middle."""
    nodes = [way.left_under[number % len(way.left_under)] for number in range(MANY)]
    nodes[MANY // 2] = ANOTHER
    rows = [a_row(way.table, number, node) for number, node in enumerate(nodes, 1)]
    for start in range(0, MANY, 1_000):
        await database.execute(insert(way.table).values(rows[start : start + 1_000]))


async def found(database: Database, way: Way, node: Node) -> Sequence[Any]:
    """How many are under that number, the first and the last of them."""
    number = way.table.c.number
    chosen = select(func.count(), func.min(number), func.max(number))
    return tuple((await database.rows(chosen.where(way.table.c.node == node)))[0])


@pytest.mark.parametrize("which", WAYS)
async def test_all_that_was_left_is_handed_over_in_pieces(which: str, database: Database) -> None:
    way = WAYS[which]
    await leave(database, way)

    await way.get(cast("Database", Hasty(database)))

    assert (MANY - 1, 1, MANY) == await found(database, way, OURS)
    assert 1 == (await found(database, way, ANOTHER))[0]


@pytest.mark.parametrize("which", WAYS)
async def test_what_was_handed_over_stays_so_and_the_oldest_come_first(
    which: str, database: Database
) -> None:
    way, hasty = WAYS[which], Hasty(database)
    await leave(database, way)
    hasty.silences_after = 1

    with pytest.raises(Unavailable):
        await way.get(cast("Database", hasty))

    assert (AT_ONCE, 1, AT_ONCE) == await found(database, way, OURS)
    hasty.silences_after = None
    await way.get(cast("Database", hasty))
    assert MANY - 1 == (await found(database, way, OURS))[0]
