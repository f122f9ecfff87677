"""What a service keeps of others' open deliveries, on either kind of database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import nullcontext

import pytest
from sqlalchemy import func, select

from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Database, Operation, Write
from sendwell.runtime.copies import hot
from sendwell.runtime.copies.rows import HandedOn, Heard, OpenRow, Stand
from sendwell.runtime.copies.tables import HANDED_ON, HEARD, OPEN
from tests.roles.databases import EITHER, either

MANY = 700


@pytest.fixture(params=EITHER)
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with either(request) as database:
        yield database


def a_row(position: int, state: str, *, at: int, part: str = "0.email") -> OpenRow:
    return OpenRow(
        position, part, "acme", "email", state, at,
        planned_at=1, claimed_at=at, due=at + 1, attempt=at, provider=None, rule="quiet_hours",
    )  # fmt: skip


async def write(database: Database, operation: Operation, items: Sequence[object]) -> None:
    await database.commit([Write(operation, items)])


async def states(database: Database) -> list[tuple[int, str, str, int]]:
    rows = await database.rows(
        select(OPEN.c.position, OPEN.c.part, OPEN.c.state, OPEN.c.attempt).order_by(
            OPEN.c.position, OPEN.c.part
        )
    )
    return [(row.position, row.part, row.state, row.attempt) for row in rows]


async def test_the_newest_that_was_told_counts_in_whatever_order_it_came(
    database: Database,
) -> None:
    first = [a_row(7, "PENDING", at=1), a_row(7, "RETRYING", at=5), a_row(8, "HELD", at=3)]
    await write(database, hot.put_open, first)
    later = [a_row(7, "PROCESSING", at=4), a_row(8, "RETRYING", at=4), a_row(9, "HELD", at=1)]
    await write(database, hot.put_open, later)

    expected = [(7, "RETRYING", 5), (8, "RETRYING", 4), (9, "HELD", 1)]
    assert [(at, "0.email", *rest) for at, *rest in expected] == await states(database)


async def test_only_what_has_ended_goes(database: Database) -> None:
    parts = ("0.email", "1.email")
    rows = [a_row(number, "HELD", at=1, part=part) for number in range(MANY) for part in parts]
    await write(database, hot.put_open, rows)

    ended = [(number, "1.email") for number in range(MANY)] + [(5, "0.email"), (MANY, "0.email")]
    await write(database, hot.remove_open, ended)

    left = [number for number in range(MANY) if number != 5]
    assert [(number, "0.email", "HELD", 1) for number in left] == await states(database)


async def test_what_is_planned_already_stays(database: Database) -> None:
    await write(database, hot.put_handed_on, [HandedOn(1, "acme")])
    await write(database, hot.put_handed_on, [HandedOn(1, "acme"), HandedOn(2, "acme")] * 2)

    (count,) = await database.rows(select(func.count().label("rows")).select_from(HANDED_ON))
    assert count.rows == 2


async def test_what_was_heard_before_is_refused_with_all_that_came_with_it(
    database: Database,
) -> None:
    await write(database, hot.put_heard, [Heard("a", "x", 1), Heard("b", "x", 1)])
    with pytest.raises(Unavailable):
        await write(database, hot.put_heard, [Heard("a", "y", 1), Heard("a", "x", 1)])

    (count,) = await database.rows(select(func.count().label("rows")).select_from(HEARD))
    assert count.rows == 2


@pytest.mark.parametrize(
    ("position", "stand", "is_so"),
    [(1, Stand.OPEN, True), (1, None, False), (2, None, True), (2, Stand.ENDED, False)],
)
async def test_what_has_moved_since_it_was_seen_is_refused(
    database: Database, position: int, stand: Stand | None, *, is_so: bool
) -> None:
    await write(database, hot.put_open, [a_row(1, "HELD", at=1)])

    with nullcontext() if is_so else pytest.raises(Unavailable):
        await write(database, hot.unless_moved, [(position, "0.email", stand)])
