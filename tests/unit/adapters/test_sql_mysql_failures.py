"""What a MySQL or MariaDB says when it cannot answer now, and when a statement is wrong."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import pytest
from aiomysql import MySQLError, OperationalError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from structlog.testing import capture_logs

from sendwell.adapters.sql.again import twice
from sendwell.adapters.sql.group_commit import GroupCommit
from sendwell.adapters.sql.mysql import _MysqlWriting
from sendwell.adapters.sql.mysql_engine import FAILURES, away, is_lost, is_met, passes, told
from sendwell.domain.errors import Unavailable
from sendwell.ports.database import Unit, Write
from sendwell.telemetry.outage import Outage

NOT_NOW = [
    1021, 1026, 1028, 1030, 1037, 1038, 1041, 1105, 1114, 1135, 1152, 1184, 1206, 1317, 1969, 2013,
    3024, 3032, 3168, 3169, 9001, 9002,
]  # fmt: skip
NOT_IN = [1045, 1129, 1130, 1820, 1862, 3118, 4151]
DENIED = [1142, 1143]
"""One table, or one column of it."""
HELD = [1020, 1180, 1205, 1213, 3100, 3101]
"""Somebody else was there: a lock, a deadlock, another node of a cluster."""
OWN = [1048, 1054, 1062, 1064, 1146, 1406, 3819]
"""A value, a name, a key: asking again later helps nobody."""


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


@pytest.mark.parametrize("code", [*NOT_NOW, *NOT_IN, *DENIED, *HELD])
async def test_what_the_server_cannot_do_now_is_to_be_asked_again_later(code: int) -> None:
    with pytest.raises(Unavailable) as answer:
        await twice(
            asking(code),
            failures=FAILURES,
            is_lost=passes,
            away=away,
            outage=Outage("away", "back"),
        )

    assert "10.1.2.3" not in answer.value.message
    assert ("does not let us in" in answer.value.message) == (code in NOT_IN)
    assert ("one of its tables" in answer.value.message) == (code in DENIED)
    assert ("Somebody else holds" in answer.value.message) == (code in HELD)


@pytest.mark.parametrize("code", OWN)
async def test_what_is_wrong_with_a_statement_stays_so(code: int) -> None:
    with pytest.raises(DBAPIError):
        await twice(
            asking(code),
            failures=FAILURES,
            is_lost=passes,
            away=away,
            outage=Outage("away", "back"),
        )


@pytest.mark.parametrize("code", [*NOT_NOW, *NOT_IN])
def test_nobody_else_was_there_when_the_server_cannot_answer(code: int) -> None:
    assert not is_met(said(code))


@pytest.mark.parametrize("code", HELD)
def test_what_somebody_else_holds_is_tried_at_once_and_told_as_not_now(code: int) -> None:
    error = said(code)

    assert is_met(error)
    assert not is_lost(error)
    assert isinstance(told(error), Unavailable)


def test_a_key_that_stays_there_is_told_as_it_is() -> None:
    error = said(1062)

    assert is_met(error)
    assert told(error) is error


class There(_MysqlWriting):
    """A server that lets us in."""

    def __init__(self) -> None:
        pass

    async def connect(self) -> AsyncConnection:
        return cast("AsyncConnection", self)

    async def run_sync(
        self, work: Callable[[Any, Sequence[Unit]], Any], units: Sequence[Unit]
    ) -> Any:
        return work(None, units)

    async def begin(self, _: AsyncConnection) -> int:
        return 1

    async def commit(self, _: AsyncConnection) -> None:
        pass

    async def rollback(self, _: AsyncConnection) -> None:
        pass

    async def let_go(self, _: AsyncConnection) -> None:
        pass


@pytest.mark.parametrize("code", DENIED)
async def test_who_may_not_write_to_one_table_writes_to_the_others(code: int) -> None:
    def deny(_: Any, items: Sequence[int]) -> Sequence[None]:
        raise said(code)

    def store(_: Any, items: Sequence[int]) -> Sequence[int]:
        return items

    with capture_logs() as lines:
        commits = GroupCommit("sendwell", urgent=There(), others=[There()])
        first, denied, last = await asyncio.gather(
            *[commits.commit([Write(work, [7])], is_urgent=False) for work in (store, deny, store)],
            return_exceptions=True,
        )
        await commits.close()

    assert first == last == [[7]]
    assert isinstance(denied, Unavailable)
    assert [(line["event"], line["why"]) for line in lines] == [("database.denied", denied.message)]
