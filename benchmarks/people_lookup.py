"""Looking people up a thousand at a time, as planning does, and planning alone: no server around.

python -m benchmarks.people_lookup --people 20000 [--database postgresql://…]
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop
from sqlalchemy import select

from benchmarks.people_file import choosy, plain
from sendwell.adapters.sql.migrations import migrate, migrate_on
from sendwell.adapters.sql.postgres import PostgresDatabase
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.system import SystemClock
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.database import Database
from sendwell.roles.users import tables
from sendwell.roles.users.api.person_lines import read_person
from sendwell.roles.users.reading.documents import Lines
from sendwell.roles.users.service import Users
from sendwell.roles.users.store import UserStore

_MIGRATIONS = {"users": Path(tables.__file__).parent / "migrations"}
_AT_ONCE = 1_000
TENANT = TenantId("bench")
Ask = Callable[[list[UserId]], Awaitable[object]]


@asynccontextmanager
async def opened(url: str | None, file: Path) -> AsyncIterator[Database]:
    """An empty database of the users role: that of the URL, or in the file."""
    if url is None:
        on_file = SqliteDatabase(file)
        migrate(on_file.engine, _MIGRATIONS)
        yield on_file
        await on_file.close()
        return
    on_server = PostgresDatabase(url)
    await on_server.with_connection(lambda connection: migrate_on(connection, _MIGRATIONS))
    yield on_server
    await on_server.close()


async def fill(users: Users, people: Iterator[str]) -> None:
    form, puts = Lines(), []
    for line in people:
        puts.append(read_person(form.document(line.encode())))
        if len(puts) == _AT_ONCE:
            await users.put_many(TENANT, puts)
            puts = []
    await users.put_many(TENANT, puts)


async def rate(ask: Ask, people: int, seconds: float) -> float:
    """People a second, asked for a thousand at a time in any order."""
    chance, done = random.Random(1), 0
    begun = time.perf_counter()
    while (took := time.perf_counter() - begun) < seconds:
        await ask([UserId(f"person-{chance.randrange(people)}") for _ in range(_AT_ONCE)])
        done += _AT_ONCE
    return done / took


async def measure(url: str | None, *, people: int, seconds: float) -> dict[str, float]:
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with opened(url, Path(folder, "users.sqlite")) as database:
            clock = SystemClock()
            store = UserStore(database)
            users = Users(store, clock=clock)
            for name, lines in (("", plain), (", with preferences", choosy)):
                await fill(users, lines(people))
                figures |= {
                    f"{case}{name}": await rate(ask, people, seconds)
                    for case, ask in _asked(users, store, clock)
                }
            figures["rows alone"] = await rate(_rows(database), people, seconds)
    return figures


def _asked(users: Users, store: UserStore, clock: SystemClock) -> Sequence[tuple[str, Ask]]:
    async def cold(wanted: list[UserId]) -> object:
        return await Users(store, clock=clock).people(TENANT, wanted)

    async def cached(wanted: list[UserId]) -> object:
        return await users.people(TENANT, [UserId(f"person-{n}") for n in range(len(wanted))])

    return (("read", cold), ("cached", cached))


def _rows(database: Database) -> Ask:
    async def ask(wanted: list[UserId]) -> object:
        person = tables.PERSON.c
        return await database.rows(
            select(person.user_id, person.body, person.preferences).where(
                person.tenant == TENANT, person.user_id.in_(wanted)
            )
        )

    return ask


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.people_lookup", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--database", help="URL of a PostgreSQL; else a new SQLite file")
    options = parser.parse_args()
    measured = measure(options.database, people=options.people, seconds=options.seconds)
    print(json.dumps(uvloop.run(measured)))


if __name__ == "__main__":
    main()
