"""The databases that the settings name: whose tables are in each, and bringing them up to date."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from sendwell.adapters.sql.migration_status import MigrationStatus
from sendwell.adapters.sql.upkeep import Upkeep, apply, migration_statuses, patiently
from sendwell.adapters.system import SystemClock
from sendwell.bootstrap.database import TABLES, naming, tables_apart
from sendwell.domain.errors import Invalid
from sendwell.settings import ROLES, Settings, Url, require_driver

_ADAPTERS = Path(__file__).parents[1] / "adapters"
_BUS = {"bus": _ADAPTERS / "bus" / "postgres" / "migrations"}
_LIMITER = {"limiter": _ADAPTERS / "limiter" / "migrations"}
_SHARED = {owner: folder for owner, folder in TABLES.items() if owner not in ROLES}
"""What every process keeps beside what its role owns."""

OWNERS = (*TABLES, *_BUS, *_LIMITER)
"""Whose tables there can be."""


@dataclass(frozen=True, slots=True)
class Home:
    """One database: where it is, the way to it past any pooler, and whose tables are in it."""

    url: Url
    direct: Url
    owners: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was made on PostgreSQL beside the tables: partitions ahead, walls between tenants."""

    partitions: tuple[str, ...] = ()
    walls: tuple[str, ...] = ()


def homes(settings: Settings) -> list[Home]:
    """The databases in use, the shared one first. The history makes its own tables."""
    servers = settings.servers
    at_home = servers.database or Url.of_file(settings.data / "sendwell.db")
    owners: dict[Url, dict[str, Path]] = {at_home: dict(TABLES)}
    for role, url in servers.databases.items():
        own = tables_apart(role)
        if url.scheme == "mysql":
            owners.setdefault(url, {}).update(own)
        else:
            owners.setdefault(url, {}).update(_SHARED | own)
    beside = ((servers.broker, _BUS), (settings.cache, _LIMITER), (settings.lasting, _LIMITER))
    for place, own in beside:
        if place is not None and place.scheme == "postgresql":
            owners.setdefault(place, {}).update(own)
    around = {servers.broker: _listening(servers.broker), at_home: servers.listen or at_home}
    return [Home(url, around.get(url, url), own) for url, own in owners.items()]


@asynccontextmanager
async def opened(home: Home, *, is_read_only: bool = False) -> AsyncIterator[Upkeep]:
    """A connection for upkeep. Raises Unavailable, Invalid where its driver is not installed."""
    from sendwell.adapters.sql import upkeep_connections as connections

    require_driver("its URL", home.direct)
    if home.url.scheme == "postgresql":
        opening = connections.open_postgres(home.direct.text)
    elif home.url.scheme == "mysql":
        opening = connections.open_mysql(home.direct.text)
    else:
        file = home.url.file
        assert file is not None  # noqa: S101 - the settings take no other SQLite URL
        opening = connections.read_sqlite(file) if is_read_only else connections.open_sqlite(file)
    with naming(home.direct):
        async with opening as upkeep:
            yield upkeep


async def pending(home: Home, roles: Collection[str] = ()) -> list[MigrationStatus]:
    """Where the tables stand, of these roles or all. Raises Conflict, Unavailable."""
    async with opened(home, is_read_only=True) as upkeep:
        return await migration_statuses(upkeep, _of(home, roles))


async def bring_up_to_date(
    upkeep: Upkeep, home: Home, roles: Collection[str] = (), *, tell: Callable[[str, str], None]
) -> list[MigrationStatus]:
    """Apply what is pending, owner by owner; gives where each one stood before.

    `tell` hears whose turn it is, and what it waits for. Processes may be at work meanwhile.
    Raises Conflict, Unavailable and what a migration raised; what was applied before that stays.
    """
    owners = _of(home, roles)
    before = await migration_statuses(upkeep, owners)
    for each in before:
        if each.pending:
            tell(each.owner, f"applies {', '.join(each.pending)}")
            own = {each.owner: owners[each.owner]}
            await apply(upkeep, own, tell=partial(tell, each.owner))
    return before


async def prepare(
    upkeep: Upkeep, home: Home, *, tell: Callable[[str, str], None], since: int | None = None
) -> Prepared:
    """Partitions for the next weeks are there, and walls around all tables of tenants' data.

    With `since`, in microseconds since 1970, partitions for everything from there on.
    """
    if home.url.scheme != "postgresql":
        return Prepared()
    from sendwell.adapters.sql.postgres_partitions import make_ahead
    from sendwell.adapters.sql.postgres_walls import raise_walls

    now = SystemClock().now()
    partitions = await patiently(
        upkeep,
        lambda connection: make_ahead(connection, now, since=since),
        tell=partial(tell, "partitions"),
    )
    walls = await patiently(upkeep, raise_walls, tell=partial(tell, "walls"))
    return Prepared(tuple(partitions), tuple(walls))


def _listening(broker: Url) -> Url:
    """The server itself, where the bus's URL names it beside a pooler."""
    around = dict(parse_qsl(urlsplit(broker.text).query)).get("listen")
    return Url(around) if around else broker


def _of(home: Home, roles: Collection[str]) -> dict[str, Path]:
    """The owners that are meant. Raises Invalid for one that nobody knows."""
    if strange := [role for role in roles if role not in OWNERS]:
        raise Invalid(f"There are no tables of {strange[0]!r}; there are {', '.join(OWNERS)}.")
    return {owner: folder for owner, folder in home.owners.items() if not roles or owner in roles}
