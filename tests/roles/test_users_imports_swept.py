"""Imports are forgotten when nobody will ask for them any more."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sendwell.ports.database import Database
from sendwell.roles.users.tables import IMPORT_FLAW
from tests.roles.imports_house import PATH, begin, send
from tests.roles.users_house import Role, a_role


@pytest.fixture
async def role(tmp_path: Path, users_database: Database) -> AsyncIterator[Role]:
    async with a_role(tmp_path, users_database) as role:
        yield role


DAY = timedelta(days=1)


async def known(role: Role) -> set[str]:
    return {each["id"] for each in (await role.acme.get(PATH)).json()["data"]}


async def swept(role: Role, after: timedelta) -> set[str]:
    """The imports that are known after a sweep at that time from now."""
    await role.imports.sweep(role.clock.now() + after // timedelta(microseconds=1))
    return await known(role)


async def test_what_came_of_a_file_is_forgotten_after_thirty_days(role: Role) -> None:
    id_ = await begin(role)
    await send(role, id_, b"user_id,email\nada,\n" + b"a b,nobody\n" * 3)
    flaws = select(func.count()).select_from(IMPORT_FLAW)

    assert await swept(role, 29 * DAY) == {id_}
    assert (await role.database.rows(flaws))[0][0] == 6

    assert await swept(role, 31 * DAY) == set()
    assert (await role.database.rows(flaws))[0][0] == 0
    assert (await role.acme.get("/api/v1/users/ada")).status_code == 200


async def test_a_file_that_broke_off_is_forgotten_after_seven_days(role: Role) -> None:
    id_ = await begin(role)
    await send(role, id_, b"user_id\nada\n", is_last=False)

    assert await swept(role, 6 * DAY) == {id_}
    assert await swept(role, 8 * DAY) == set()


async def test_what_is_wrong_in_many_lines_is_forgotten_in_parts(role: Role) -> None:
    id_ = await begin(role)
    await send(role, id_, b"user_id,email\n" + b"a b,nobody\n" * 1_200)

    assert await swept(role, 31 * DAY) == set()
    assert await role.database.rows(select(IMPORT_FLAW.c.line).limit(1)) == []
