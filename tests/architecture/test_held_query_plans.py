"""Which way SQLite takes to what is held for a person: past everything that is not theirs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sendwell.adapters.sql.migrations import migrate
from sendwell.bootstrap import TABLES
from sendwell.domain.ids import Node, TenantId, UserId
from sendwell.roles.delivery.held import HeldPlace, HeldWork
from tests.architecture.explained import Explained

ACME = TenantId("acme")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Explained]:
    database = Explained(tmp_path / "plans.sqlite")
    migrate(database.engine, TABLES)
    yield database
    await database.close()


async def test_from_people_to_their_notifications_and_on_to_what_is_held(
    database: Explained,
) -> None:
    users = [UserId(f"user-{number}") for number in range(500)]

    await HeldWork(database, node=Node(0)).of_people(ACME, users, limit=2_000)

    requested, *_, work = database.way.split("; ")
    assert requested.startswith(
        "SEARCH requested USING COVERING INDEX requested_user"
        " (tenant=? AND user_id=? AND position>?)"
    )
    assert work == "SEARCH work USING INDEX work_part (position=?)"


async def test_through_what_is_held_to_the_notifications_for_nobody_alone(
    database: Explained,
) -> None:
    await HeldWork(database, node=Node(0)).of_nobody_alone(ACME, after=HeldPlace(), limit=500)

    work, requested = database.way.split("; ")
    assert work.startswith("SEARCH work USING INDEX work_state (tenant=? AND state=?")
    assert requested == "SEARCH requested USING INTEGER PRIMARY KEY (rowid=?)"


async def test_whether_anything_is_held_is_one_look_up(database: Explained) -> None:
    await HeldWork(database, node=Node(0)).is_there(ACME)

    assert database.way == ("SEARCH work USING COVERING INDEX work_state (tenant=? AND state=?)")
