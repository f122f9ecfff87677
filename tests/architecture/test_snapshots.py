"""Messages and tables only grow: what was there once stays as it was.

After a deliberate addition, write the snapshot anew with SENDWELL_SNAPSHOT=write.
"""

import importlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import create_engine, inspect

from sendwell.adapters.sql.migrations import migrate
from sendwell.bootstrap import TABLES
from sendwell.messages.dead import Dead
from sendwell.messages.requested import Requested
from sendwell.messages.status import Status
from sendwell.messages.task import Task

SNAPSHOTS = Path(__file__).parent / "snapshots"


def compare(name: str, now: dict[str, Any]) -> list[str]:
    return shrunk(stored(name, now), now, name)


def stored(name: str, now: dict[str, Any]) -> Any:
    file = SNAPSHOTS / f"{name}.json"
    if os.environ.get("SENDWELL_SNAPSHOT") == "write" or not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    return json.loads(file.read_text())


def shrunk(then: Any, now: Any, path: str) -> list[str]:
    """Where `now` lacks or changes what `then` has."""
    if isinstance(then, dict) and isinstance(now, dict):
        found = [f"{path}/{key} is gone" for key in then if key not in now]
        for key in then.keys() & now.keys():
            found += shrunk(then[key], now[key], f"{path}/{key}")
        return found
    return [] if then == now else [f"{path} was {then!r} and is {now!r}"]


@pytest.mark.parametrize("message", [Requested, Task, Status, Dead])
def test_message_schemas_only_grow(message: type) -> None:
    fields = {
        field.encode_name: {"type": str(field.type), "required": field.required}
        for field in msgspec.structs.fields(message)
    }
    newly_required = [
        name
        for name, field in fields.items()
        if field["required"] and name not in stored(f"message_{message.__name__.lower()}", fields)
    ]

    assert compare(f"message_{message.__name__.lower()}", fields) == []
    assert newly_required == []


def test_tables_only_grow(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/tables.db")
    migrate(engine, TABLES)

    found = inspect(engine)
    tables = {
        table: {
            column["name"]: {"type": str(column["type"]), "nullable": column["nullable"]}
            for column in found.get_columns(table)
        }
        for table in found.get_table_names()
    }

    assert compare("tables", tables) == []


@pytest.mark.parametrize(
    "owner", [name for name, folder in TABLES.items() if (folder.parent / "tables.py").exists()]
)
def test_migrations_make_exactly_the_tables_that_the_code_uses(owner: str, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/tables.db")
    folder = TABLES[owner]
    package = ".".join(folder.parent.relative_to(Path(__file__).parents[2]).parts)
    metadata = importlib.import_module(f"{package}.tables").METADATA
    migrate(engine, {owner: folder})

    found = inspect(engine)
    made = {
        table: {column["name"] for column in found.get_columns(table)}
        for table in found.get_table_names()
        if table != f"{owner}_version"
    }
    indexes = {table: {index["name"] for index in found.get_indexes(table)} for table in made}

    assert made == {name: set(table.columns.keys()) for name, table in metadata.tables.items()}
    assert indexes == {
        name: {index.name for index in table.indexes} for name, table in metadata.tables.items()
    }


@pytest.mark.parametrize("owner", TABLES)
def test_who_does_not_know_a_later_column_can_still_write_rows(owner: str, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/tables.db")
    steps, known = tmp_path / "migrations", dict[str, set[str]]()
    steps.mkdir()
    demanding = []

    for file in sorted(TABLES[owner].glob("[0-9]*_*.py")):
        shutil.copy(file, steps)
        migrate(engine, {owner: steps})
        found = inspect(engine)
        for table in found.get_table_names():
            columns = {column["name"]: column for column in found.get_columns(table)}
            demanding += [
                f"{table}.{name}"
                for name in columns.keys() - known.setdefault(table, set(columns))
                if not columns[name]["nullable"] and columns[name]["default"] is None
            ]
            known[table] |= columns.keys()

    assert demanding == []


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/tables.db")

    first, second = migrate(engine, TABLES), migrate(engine, TABLES)

    assert (sorted(first), second) == (sorted(TABLES), [])
