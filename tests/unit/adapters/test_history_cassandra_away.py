"""A Cassandra that is away: how often it is tried, and when its names are looked up anew."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cassandra.cluster import NoHostAvailable

from sendwell.adapters.history.cassandra import session as adapter
from sendwell.adapters.history.cassandra.place import Place
from sendwell.adapters.history.cassandra.session import CassandraSession, has_tables
from sendwell.domain.errors import Unavailable

PLACE = Place.parse("cassandra://cassandra.example/history")
TABLES = ("event_by_notification", "event_by_recipient", "event_by_day")


class Away(CassandraSession):
    """Reaches nobody; where `answers`, somebody who then reaches nobody."""

    answers = False

    def __init__(self) -> None:
        super().__init__(PLACE, {})
        self.attempts = 0
        self.left = 0

    def _connect(self) -> None:
        self.attempts += 1
        if not self.answers:
            raise NoHostAvailable("Nobody is there.", {})
        self._prepared = {"all": "SELECT"}
        self._cluster = cast("Any", SimpleNamespace(shutdown=self._count))
        self._session = cast("Any", SimpleNamespace(execute_async=self._fail))

    def _count(self) -> None:
        self.left += 1

    def _fail(self, *_: object) -> Any:
        raise NoHostAvailable("They have all moved.", {})


async def ask(session: CassandraSession, count: int = 1) -> None:
    calls = [session.run("all", ()) for _ in range(count)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * count


async def test_all_who_wait_for_a_connection_share_one_attempt() -> None:
    session = Away()

    await ask(session, 300)
    assert session.attempts == 1

    await ask(session)
    assert session.attempts == 2
    await session.close()


async def test_names_are_looked_up_anew_when_nobody_was_there_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = Away()
    session.answers = True
    await ask(session, 3)
    await ask(session)
    assert (session.attempts, session.left) == (1, 0)

    monkeypatch.setattr(adapter, "_AWAY_SECONDS", 0.0)
    await ask(session)
    await ask(session)
    await session.close()

    assert (session.attempts, session.left) == (2, 2)


@pytest.mark.parametrize("there", [TABLES, TABLES[1:], (), None])
def test_only_what_is_missing_is_made(there: tuple[str, ...] | None) -> None:
    keyspaces = {} if there is None else {"history": SimpleNamespace(tables=dict.fromkeys(there))}
    known = cast("Any", SimpleNamespace(keyspaces=keyspaces))

    made = [statement.split()[:6] for statement in adapter._missing(PLACE, known)]

    keyspace = ["history"] if there is None else []
    missing = [f"history.{name}" for name in TABLES if name not in (there or ())]
    assert [name for *_, name in made] == keyspace + missing
    assert has_tables(PLACE, known) is (there == TABLES)
