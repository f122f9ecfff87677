"""What is revoked while somebody looks it up is not remembered as it was."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, Row

from sendwell.adapters.sql.sqlite import SqliteDatabase
from sendwell.domain.errors import Denied
from sendwell.domain.policy import Policy
from sendwell.roles.accounts.service import Accounts
from sendwell.roles.accounts.store import AccountStore
from tests.roles.accounts_house import House, a_house

KEYS = "/api/v1/api-keys"


class SlowDatabase(SqliteDatabase):
    """Has read, and does not say so before a test does."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.has_read = asyncio.Event()
        self.may_say = asyncio.Event()

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        found = await super().rows(statement)
        self.has_read.set()
        await self.may_say.wait()
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as house:
        yield house


async def test_a_key_that_is_revoked_while_it_is_looked_up_is_refused_from_then_on(
    house: House, tmp_path: Path
) -> None:
    acme = await house.found()
    made = (await acme.post(KEYS, json={"name": "order service"})).json()
    slow = SlowDatabase(tmp_path / "accounts.sqlite")
    accounts = Accounts(AccountStore(slow), defaults=Policy(), clock=house.clock)

    looking = asyncio.create_task(accounts.caller(made["key"]))
    await slow.has_read.wait()
    await acme.delete(f"{KEYS}/{made['id']}")
    accounts.forget(f"key:{made['id']}")
    slow.may_say.set()
    await looking

    with pytest.raises(Denied):
        await accounts.caller(made["key"])
    await slow.close()
