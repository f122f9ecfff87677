"""The delivery role's hot statements for SQLite, by hand because Core costs 2-4 times as much."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from sendwell.domain.errors import Conflict
from sendwell.ports.database import driver
from sendwell.roles.delivery.rows import COLUMNS, Claim, Postponement, Withdrawal
from sendwell.runtime.rows import Values, for_keys, insert


def put(connection: Connection, rows: Sequence[Values]) -> None:
    """New work. Raises Conflict where somebody has planned one of the deliveries already."""
    then = "ON CONFLICT(position,part) DO NOTHING"
    if insert(connection, f"work({COLUMNS})", rows, then=then) < len(rows):
        raise Conflict("One of these deliveries is planned already.")


def claim(connection: Connection, claims: Sequence[Claim]) -> list[bool]:
    """Move waiting rows to PROCESSING, one attempt more; False for one that no longer waits.

    Of two claims for one row only the first is granted.
    """
    texts = (
        "UPDATE work SET state='PROCESSING',due=0,attempt=attempt+1,claimed_at=v.column3,"
        "epoch=v.column4,provider=v.column2,reason=NULL FROM (VALUES",
        ") AS v WHERE work.work=v.column1 AND state IN ('PENDING','SCHEDULED','HELD','RETRYING')",
    )
    changed = sum(cursor.rowcount for cursor in _with_values(connection, texts, claims))
    works = [each.work for each in claims]
    if changed == len(claims) == len(set(works)):
        return [True] * changed
    question = "SELECT work,claimed_at,epoch FROM work WHERE state='PROCESSING' AND work IN"
    in_hand = set(for_keys(connection, question, works))
    return [
        (each.work, each.at, each.epoch) in in_hand and works.index(each.work) == place
        for place, each in enumerate(claims)
    ]


def postpone(connection: Connection, waits: Sequence[Postponement]) -> None:
    """Put rows back to wait, but not what was cancelled meanwhile; if that was in flight, the row
    goes on saying so.
    """
    texts = (
        "UPDATE work SET state=v.column2,due=v.column3,plan=v.column5,"
        "reason=CASE WHEN work.reason='cancel' THEN 'cancel' ELSE v.column4 END FROM (VALUES",
        ") AS v WHERE work.work=v.column1 AND work.state<>'CANCELLED'",
    )
    for _ in _with_values(connection, texts, waits):
        pass


def finish(connection: Connection, works: Sequence[int]) -> None:
    """The work is done."""
    for_keys(connection, "DELETE FROM work WHERE work IN", works)


def withdraw(connection: Connection, withdrawals: Sequence[Withdrawal]) -> list[bool]:
    """Move waiting rows to CANCELLED; False for one that somebody has in hand, or has had.

    Nobody else is there to have them, or to take over from.
    """
    texts = (
        "UPDATE work SET state='CANCELLED',due=0,reason=v.column5 FROM (VALUES",
        ") AS v WHERE work.work=v.column1 AND work.attempt=v.column2"
        " AND state IN ('PENDING','SCHEDULED','HELD','RETRYING') RETURNING work.work",
    )
    done = _with_values(connection, texts, withdrawals)
    withdrawn = {work for cursor in done for (work,) in cursor}
    return [each.work in withdrawn for each in withdrawals]


def bury(connection: Connection, letters: Sequence[Values]) -> None:
    """Keep dead letters."""
    insert(
        connection,
        "dead_letter(tenant,position,notification,part,channel,event_type,lane,cause,code,text,"
        "provider,attempt,at)",
        letters,
        then="ON CONFLICT DO NOTHING",
    )


_CHUNK = 64


def _with_values(
    connection: Connection, texts: tuple[str, str], rows: Sequence[Sequence[Any]]
) -> Iterator[Any]:
    """Run `before VALUES (…), (…) after` in chunks; gives a cursor for each."""
    raw = driver(connection)
    before, after = texts
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        row = f"({','.join('?' * len(chunk[0]))})"
        text = f"{before} {','.join([row] * len(chunk))}{after}"
        yield raw.execute(text, list(chain.from_iterable(chunk)))
