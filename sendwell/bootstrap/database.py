"""Opens the database that the settings name, with all its tables."""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import DBAPIError

from sendwell.adapters.sql.hold import hold
from sendwell.adapters.sql.migrations import migrate, migrate_on
from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.adapters.sql.sqlite_away import away
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.ports.clock import Clock
from sendwell.ports.database import Database
from sendwell.ports.membership import Membership
from sendwell.ports.signals import Signals
from sendwell.runtime.cluster.alone import Alone, Silence
from sendwell.runtime.process import Process, Worker
from sendwell.settings import MYSQL, Settings, Url, require_driver

if TYPE_CHECKING:
    from sendwell.adapters.sql.mysql import MysqlDatabase
    from sendwell.adapters.sql.postgres import PostgresDatabase

log = structlog.get_logger()
_PACKAGE = Path(__file__).parents[1]
_LOST_LEASE = 75
"""EX_TEMPFAIL: whoever started us should start us again."""

TABLES = {
    "cluster": _PACKAGE / "runtime" / "cluster" / "migrations",
    **{
        part: _PACKAGE / "runtime" / part / "migrations"
        for part in ("journal", "outbox", "quarantine", "copies", "chronicle", "record")
    },
    **{
        role: _PACKAGE / "roles" / role / "migrations"
        for role in ("accounts", "users", "templates", "delivery", "inbox", "mailbox", "receipts")
    },
    "views": _PACKAGE / "runtime" / "views" / "migrations",  # the last: over the tables of others
}
"""Whose tables there are, and where their migrations are."""


@dataclass(frozen=True, slots=True)
class House:
    """A database as one process uses it, and the other processes on it."""

    database: Database
    membership: Membership
    signals: Signals
    part: Callable[[int], Awaitable[None]] | None = None
    """Makes partitions ahead and drops old ones, given the time; None where there are none."""
    agreed: Callable[[int], Awaitable[int]] | None = None
    """The time by which something may be dropped for all processes; None where there is one."""


async def open_house(settings: Settings, clock: Clock, process: Process) -> House:
    """The database with its tables up to date; closed when the process stops."""
    url = settings.servers.database
    if url is not None and url.scheme == "postgresql":
        with naming(url):
            return await _on_postgres(settings, clock, process, url=url.text)
    file = (url.file if url is not None else None) or settings.data / "sendwell.db"
    _hold_alone(file, process)
    database = SqliteDatabase(file)
    process.at_close("database", database.close)
    process.watch("database", database.is_away)
    _migrate_file(database, file, TABLES)
    return House(database, Alone(clock.now()), Silence())


def _migrate_file(database: SqliteDatabase, file: Path, owners: Mapping[str, Path]) -> None:
    """Raises Unavailable, naming the file, where it is no database or somebody else writes."""
    try:
        migrate(database.engine, owners)
    except DBAPIError as error:
        if told := away(error):
            raise Unavailable(f"{file}: {told.message}") from error
        raise


def _hold_alone(file: Path, process: Process) -> None:
    """Nobody else works on this file until the process stops.

    Each would take what the other has in flight for what a dead one has left, and send it again;
    and nobody would tell it what was changed, such as an opt-out.
    """
    held = hold(
        file.with_name(f"{file.name}.lock"),
        refusal=f"Another process has {file}. Stop that one, or choose another folder with --data.",
    )

    async def let_go() -> None:
        held.close()

    process.at_close("lock of the database", let_go)


async def _on_postgres(settings: Settings, clock: Clock, process: Process, *, url: str) -> House:
    from sendwell.adapters.sql.direct import DirectConnection
    from sendwell.adapters.sql.postgres import PostgresDatabase
    from sendwell.adapters.sql.postgres_clock import agreed
    from sendwell.adapters.sql.postgres_left_behind import tell_of_nobodys
    from sendwell.adapters.sql.postgres_membership import PostgresMembership
    from sendwell.adapters.sql.postgres_signals import PostgresSignals
    from sendwell.adapters.sql.postgres_walls import raise_walls
    from sendwell.bootstrap.postgres_upkeep import PostgresUpkeep

    servers = settings.servers
    database = PostgresDatabase(url, readers=servers.pool_size)
    process.at_close("database", database.close)
    past_pooler = servers.listen.text if servers.listen else url

    upkeep = PostgresUpkeep(
        past_pooler,
        clock,
        retention=settings.retention,
        idempotency_window=settings.idempotency_window,
    )
    await upkeep.run(lambda connection: migrate_on(connection, TABLES))
    await upkeep.make_partitions()
    await upkeep.run(raise_walls)
    direct = DirectConnection(past_pooler)
    process.at_close("direct connection", direct.close)
    signals = PostgresSignals(direct)
    membership = await PostgresMembership.join(
        direct,
        clock,
        seconds=settings.lease.total_seconds(),
        lost=_stop_at_once,
        service="" if settings.is_whole else settings.service,
    )
    process.at_close("membership", membership.leave)
    database.fence(membership.node, membership.epoch, lost=_stop_at_once)
    process.start(Worker("direct connection", direct.run))
    moments = 2 * settings.lease.total_seconds()
    telling = partial(tell_of_nobodys, database, after_seconds=moments)
    process.start(Worker("left behind", telling))
    process.watch("database", lambda: not membership.holds())

    return House(database, membership, signals, upkeep.keep_partitions, partial(agreed, database))


async def open_users(house: House, settings: Settings, process: Process) -> Database:
    """The database of the users role: its own, where it has one beside the others'."""
    url = settings.servers.databases.get("users")
    if url is None or url == settings.servers.database:
        return house.database
    return await _open_apart("users", url, settings, process=process)


async def open_accounts(house: House, settings: Settings, process: Process) -> Database:
    """The database of the accounts role: its own, where that is on MySQL.

    Raises Invalid where other roles are in the process: what they put on record is in their own
    transactions, and so in their database.
    """
    url = settings.servers.databases.get("accounts")
    if url is None or url.scheme != MYSQL or "accounts" not in settings.roles:
        return house.database
    if settings.roles != {"accounts"}:
        raise Invalid(
            "ACCOUNTS_DB_URL: on MySQL accounts are a service of their own; start it with"
            " `sendwell run accounts`, and the other roles without it."
        )
    return await _open_apart("accounts", url, settings, process=process)


async def _open_apart(role: str, url: Url, settings: Settings, *, process: Process) -> Database:
    require_driver(f"{role.upper()}_DB_URL", url)
    tables = tables_apart(role)
    if url.file is not None:
        on_file = SqliteDatabase(url.file)
        process.at_close(f"database of {role}", on_file.close)
        process.watch(f"database of {role}", on_file.is_away)
        _migrate_file(on_file, url.file, tables)
        return on_file
    database = _apart_on(url, settings)
    process.at_close(f"database of {role}", database.close)
    with naming(url):
        await database.with_connection(lambda connection: migrate_on(connection, tables))
    return database


def tables_apart(role: str) -> dict[str, Path]:
    """Whose tables are in a database that holds one role's alone: what is done to people leaves
    from theirs for the audit log.
    """
    owners = (role, "record") if role == "users" else (role,)
    return {owner: TABLES[owner] for owner in owners if owner in TABLES}


def _apart_on(url: Url, settings: Settings) -> "MysqlDatabase | PostgresDatabase":
    readers = settings.servers.pool_size
    if url.scheme == MYSQL:
        from sendwell.adapters.sql.mysql import MysqlDatabase

        return MysqlDatabase(url.text, readers=readers)
    from sendwell.adapters.sql.postgres import PostgresDatabase

    return PostgresDatabase(url.text, readers=readers)


async def make_tables(url: Url, owners: Mapping[str, Path]) -> None:
    """The tables of these owners are up to date in a PostgreSQL that holds nothing else of us."""
    from sendwell.adapters.sql.postgres import PostgresDatabase

    database = PostgresDatabase(url.text)
    try:
        with naming(url):
            await database.with_connection(lambda connection: migrate_on(connection, owners))
    finally:
        await database.close()


@contextmanager
def naming(url: Url) -> Iterator[None]:
    """Who cannot be reached is told by its URL: a process may need several databases."""
    try:
        yield
    except Unavailable as error:
        raise Unavailable(f"{url}: {error.message}") from error


def _stop_at_once() -> None:
    """Another process does our work: whatever we would still do could be done twice."""
    try:
        log.critical("cluster.lease_lost", advice="Start this process again; nothing is lost.")
    finally:
        os._exit(_LOST_LEASE)
