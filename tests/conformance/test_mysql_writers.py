"""What writers to MySQL and MariaDB hear of what passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from sendwell.adapters.sql.mysql import MysqlDatabase
from sendwell.domain.errors import Unavailable
from tests.services.needs import needs
from tests.services.ports import HOST

pytestmark = needs("mariadb")
HELD = 1205


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MysqlDatabase]:
    database = MysqlDatabase(url)
    try:
        yield database
    finally:
        await database.close()


@pytest.mark.parametrize("code", [HELD, 3100, 9001])
async def test_what_the_server_will_do_later_is_unavailable(mariadb_url: str, code: int) -> None:
    refused = text(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO={code}, MESSAGE_TEXT='{HOST}'")

    async with opened(mariadb_url) as database:
        with pytest.raises(Unavailable) as of_write:
            await database.execute(refused)
        with pytest.raises(Unavailable) as of_read:
            await database.rows(refused)

    assert HOST not in of_write.value.message
    assert of_read.value.message == of_write.value.message
