"""Where the tables of each owner stand: up to date, behind this version, or ahead of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from sendwell.domain.errors import Conflict

PROMOTED = "promoted"
"""The revision of a file whose data has moved to PostgreSQL: nothing can be started on it."""

PROMOTING = "promoting"
"""The revision of a PostgreSQL that a file's data is still on its way to."""

# A revision's first digit. Within a generation migrations only add, so a version that does not know
# the last of them can work on their tables: that is how two versions run side by side. One that
# takes something away or changes it begins the next generation.
_GENERATION = slice(0, 1)


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """The revision that an owner's tables have, and the migrations that are still to be applied.

    Migrations are called as their files are: `0002_work_has_a_node`.
    """

    owner: str
    revision: str | None
    pending: tuple[str, ...]
    is_known: bool = True
    """False: another version of Sendwell has made these tables, and not only added to ours."""


def statuses_of(connection: Connection, owners: Mapping[str, Path]) -> list[MigrationStatus]:
    """How it is now. `owners` maps a role's name to its folder of migrations."""
    return [
        status_of(owner, folder, current(connection, owner)) for owner, folder in owners.items()
    ]


def status_of(owner: str, folder: Path, revision: str | None) -> MigrationStatus:
    """Where tables of that revision stand."""
    migrations = _migrations(folder)
    pending = tuple(each for each in migrations if revision is None or _revision(each) > revision)
    is_known = revision is None or revision in map(_revision, migrations)
    is_known = is_known or _only_adds(revision, _revision(migrations[-1]))
    return MigrationStatus(owner, revision, pending, is_known=is_known)


def refuse_unknown(statuses: Iterable[MigrationStatus]) -> None:
    """Raise Conflict, with what to do, when this version does not know one of the revisions."""
    unknown = [each for each in statuses if not each.is_known]
    if any(each.revision == PROMOTED for each in unknown):
        raise Conflict(
            "This database was moved to PostgreSQL by `sendwell promote`; started here, what is"
            " open would be sent twice. Set DB_URL to the database it was moved to."
        )
    if any(each.revision == PROMOTING for each in unknown):
        raise Conflict(
            "A promotion into this database has not ended. Run the same `sendwell promote` again:"
            " it goes on where it was."
        )
    if unknown:
        named = ", ".join(f"{each.owner} ({each.revision})" for each in unknown)
        raise Conflict(
            f"A newer Sendwell has changed tables that this one does not know: {named}."
            " Run that version; to go back to this one, restore the backup from before."
        )


def head(folder: Path) -> str:
    """The newest revision in a folder: files are named `<revision>_<what>.py`."""
    return _revision(_migrations(folder)[-1])


def current(connection: Connection, owner: str) -> str | None:
    """The revision that the database has, None when it has none."""
    table = f"{owner}_version"
    if not inspect(connection).has_table(table):
        return None
    return connection.execute(text(f"SELECT version_num FROM {table}")).scalar()  # noqa: S608 - a role's name


def _only_adds(revision: str | None, last: str) -> bool:
    """Whether a revision lies behind our last one, in the same generation."""
    if revision is None or not revision.isdecimal() or len(revision) != len(last):
        return False
    return revision > last and revision[_GENERATION] == last[_GENERATION]


def _migrations(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("[0-9]*_*.py"))


def _revision(migration: str) -> str:
    return migration.partition("_")[0]
