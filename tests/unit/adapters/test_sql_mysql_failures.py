"""What a MySQL or MariaDB says when it cannot answer now, and when a statement is wrong."""

from collections.abc import Awaitable, Callable

import pytest
from aiomysql import MySQLError, OperationalError
from sqlalchemy.exc import DBAPIError

from sendwell.adapters.sql.again import twice
from sendwell.adapters.sql.mysql_engine import FAILURES, away, is_lost, is_met
from sendwell.domain.errors import Unavailable

NOT_NOW = [
    1021, 1026, 1028, 1030, 1037, 1038, 1041, 1114, 1135, 1206, 1317, 1969, 2013, 3024,
]  # fmt: skip
NOT_IN = [1045, 1129, 1130]
OWN = [1048, 1054, 1062, 1064, 1146, 1213, 1406, 3819]
"""A value, a name, a key, a deadlock: asking again later helps nobody."""


def said(code: int) -> DBAPIError:
    """The error as it comes out of SQLAlchemy."""
    raised = OperationalError(code, "Host '10.1.2.3'")
    error = DBAPIError.instance("SELECT 1", None, raised, MySQLError)
    assert isinstance(error, DBAPIError)
    return error


def asking(code: int) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        raise said(code)

    return ask


@pytest.mark.parametrize("code", [*NOT_NOW, *NOT_IN])
async def test_what_the_server_cannot_do_now_is_to_be_asked_again_later(code: int) -> None:
    with pytest.raises(Unavailable) as told:
        await twice(asking(code), failures=FAILURES, is_lost=is_lost, away=away)

    assert "10.1.2.3" not in told.value.message
    assert ("does not let us in" in told.value.message) == (code in NOT_IN)


@pytest.mark.parametrize("code", OWN)
async def test_what_is_wrong_with_a_statement_stays_so(code: int) -> None:
    with pytest.raises(DBAPIError):
        await twice(asking(code), failures=FAILURES, is_lost=is_lost, away=away)


@pytest.mark.parametrize("code", [*NOT_NOW, *NOT_IN])
def test_nobody_else_was_there_when_the_server_cannot_answer(code: int) -> None:
    assert not is_met(said(code))
