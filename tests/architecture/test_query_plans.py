"""Which way SQLite takes to the rows of a large store: never through all of a tenant's."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from sendwell.adapters.sql.migrations import migrate
from sendwell.bootstrap import TABLES


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    file = tmp_path_factory.mktemp("plans") / "test.db"
    engine = create_engine(f"sqlite:///{file}", connect_args={"isolation_level": None})
    migrate(engine, TABLES)
    engine.dispose()
    opened = sqlite3.connect(file)
    yield opened
    opened.close()


def plan_of(connection: sqlite3.Connection, question: str) -> str:
    rows = connection.execute(f"EXPLAIN QUERY PLAN {question}").fetchall()
    return "; ".join(row[3] for row in rows)


OF_TENANT = "SELECT body FROM requested WHERE tenant='t'"
NEWEST = "ORDER BY position DESC LIMIT 51"
READY = (
    "SELECT * FROM work WHERE tenant='t' AND state='PENDING' AND channel='c' AND lane=2"
    " AND work>5 ORDER BY work LIMIT 9"
)


@pytest.mark.parametrize(
    ("question", "way"),
    [
        (
            "SELECT * FROM outcome WHERE tenant='t' AND position IN (1,2,3)",
            "outcome USING PRIMARY KEY (position=?)",
        ),
        (
            "SELECT * FROM work WHERE tenant='t' AND position IN (1,2,3)",
            "work USING INDEX work_part (position=?)",
        ),
        (
            "SELECT * FROM work WHERE tenant='t' AND position=1 AND state IN ('PENDING','HELD')",
            "work USING INDEX work_part (position=?)",
        ),
        (
            "SELECT * FROM history WHERE tenant='t' AND position=1 ORDER BY number",
            "history USING INDEX history_position (position=?)",
        ),
        (
            f"{OF_TENANT} AND position IN (1,2,3)",
            "requested USING INTEGER PRIMARY KEY (rowid=?)",
        ),
        (f"{OF_TENANT} {NEWEST}", "requested USING INDEX requested_tenant (tenant=?"),
        (
            f"{OF_TENANT} AND position<9 {NEWEST}",
            "requested USING INDEX requested_tenant (tenant=? AND ",
        ),
        (
            f"{OF_TENANT} AND user_id='u' {NEWEST}",
            "requested USING INDEX requested_user (tenant=? AND user_id=?",
        ),
        (
            f"{OF_TENANT} AND event_type='e' {NEWEST}",
            "requested USING INDEX requested_event (tenant=? AND event_type=?",
        ),
        (f"{OF_TENANT} AND id='n'", "requested USING INDEX requested_id (id=? AND tenant=?"),
        (
            READY,
            "work USING INDEX work_state (tenant=? AND state=? AND channel=? AND lane=? AND ",
        ),
    ],
)
def test_a_question_goes_straight_to_its_rows(
    question: str, way: str, connection: sqlite3.Connection
) -> None:
    assert plan_of(connection, question).startswith(f"SEARCH {way}")
