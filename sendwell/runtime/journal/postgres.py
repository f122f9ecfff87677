"""The journal's hot statements for PostgreSQL: one a batch, its columns as arrays or copied in.

By hand because Core costs 185 us a statement and more for each row. The tables are partitioned by
time; what has to be unique over time stands in `claims`.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection

from sendwell.domain.lifecycle import State
from sendwell.messages.status import Status
from sendwell.ports.journal import Acceptance
from sendwell.runtime.journal.claims import claimed
from sendwell.runtime.journal.parts import part_of
from sendwell.runtime.journal.rows import Count, Row, named, refuse, summed
from sendwell.runtime.postgres_rows import columns, copy_in, execute, fetch

_Values = tuple[Any, ...]


def accept(connection: Connection, rows: Sequence[Row]) -> list[Acceptance]:
    """Store what is new; say of the rest what it repeats."""
    repeats = claimed(connection, rows)
    fresh = [row for row in rows if row.position not in repeats]
    if fresh:
        _put_requested(connection, _values(fresh))
        _insert_people(connection, fresh)
    return [repeats.get(row.position) or Acceptance(row.id) for row in rows]


def copy(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep what another database has accepted; what is here already stays."""
    _insert(connection, f"{_REQUESTED} ON CONFLICT DO NOTHING", _values(rows))
    _insert_people(connection, rows)


def put_outcomes(connection: Connection, statuses: Sequence[Status]) -> None:
    """How deliveries ended, with all the times; a late receipt replaces SENT or DELIVERED."""
    rows = [
        (s.position, s.part, s.tenant, s.notification, s.channel, s.state.value, s.at,
         s.planned_at, s.claimed_at, s.attempt, s.provider, s.reference, s.code, s.text, s.rule)
        for s in statuses
    ]  # fmt: skip
    first = [row for row in rows if row[_STATUS] not in _TOLD_LATER]
    later = [row for row in rows if row[_STATUS] in _TOLD_LATER]
    if first and not _put_first(connection, first):
        later = rows
    if later:
        _insert(connection, _OUTCOME, later)


def put_moves(connection: Connection, statuses: Sequence[Status]) -> None:
    """The moves that the outcome does not tell."""
    rows = [
        (s.position, s.part, s.tenant, s.channel, s.state.value, s.at, s.claimed_at, s.attempt,
         s.provider, s.reference, s.code, s.text, s.rule, s.due)
        for s in statuses
    ]  # fmt: skip
    _insert(connection, _HISTORY, rows)


def put_references(connection: Connection, statuses: Sequence[Status]) -> None:
    """The providers' own ids, for receipts that name nothing else."""
    rows = [(s.provider, s.reference, s.tenant, s.position, s.part) for s in statuses]
    _insert(connection, _REFERENCE, rows)


def count_planned(connection: Connection, counts: Sequence[Count]) -> None:
    """Add to the ledger's left side."""
    _insert(connection, _TALLY, summed(counts))


def set_mark(connection: Connection, marks: Sequence[tuple[str, int]]) -> None:
    """Move the marks forward."""
    _insert(connection, _MARK, sorted(dict(sorted(marks)).items()))


def refuse_ended(connection: Connection, parts: Sequence[tuple[int, str]]) -> None:
    """Raises Conflict where one of these deliveries has ended."""
    if parts:
        refuse(fetch(connection, _ENDED, *columns(parts)))


def refuse_any_end(connection: Connection, positions: Sequence[int]) -> None:
    """Raises Conflict where any delivery at these positions has ended."""
    refuse(fetch(connection, _ENDED_AT, positions))


def _values(rows: Sequence[Row]) -> list[_Values]:
    return [
        (r.position, r.tenant, r.id, r.user_id, r.event_type, r.accepted_at, r.body) for r in rows
    ]


def _put_requested(connection: Connection, rows: Sequence[_Values]) -> None:
    if len(rows) < _MANY:
        _insert(connection, _REQUESTED, rows)
    else:
        _copy_in(connection, "requested", _OF_REQUESTED, rows)


def _put_first(connection: Connection, rows: Sequence[_Values]) -> bool:
    """Insert ends that nothing is known of yet; False where that is not all of them."""
    if len(rows) < _MANY:
        return execute(connection, _FIRST_OUTCOME, *columns(rows)) == len(rows)
    if fetch(connection, _ENDED, *columns([row[:2] for row in rows])):
        return False
    _copy_in(connection, "outcome", _OF_OUTCOME, sorted(rows, key=itemgetter(0, 1)))
    return True


def _copy_in(connection: Connection, table: str, names: str, rows: Sequence[_Values]) -> None:
    for part, own in groupby(rows, lambda row: part_of(table, row[0])):
        copy_in(connection, part, names.split(","), list(own))


def _insert_people(connection: Connection, rows: Sequence[Row]) -> None:
    if people := named(rows):
        _insert(connection, _RECIPIENT, people)


def _insert(connection: Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    execute(connection, text, *columns(rows))


_MANY = 16
"""From so many rows on they are copied in; fewer are sooner inserted."""

_OF_REQUESTED = "position,tenant,id,user_id,event_type,accepted_at,body"

_REQUESTED = f"""
    INSERT INTO requested({_OF_REQUESTED})
    SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::text[],$6::bigint[],
    $7::bytea[])"""

_RECIPIENT = """
    INSERT INTO recipient(position,place,tenant,user_id)
    SELECT * FROM unnest($1::bigint[],$2::int[],$3::text[],$4::text[]) ON CONFLICT DO NOTHING"""

_STATUS = 5
_TOLD_LATER = frozenset({State.DELIVERED, State.BOUNCED, State.COMPLAINED})
"""What is mostly said by a receipt, of what was sent before."""

_OF_OUTCOME = (
    "position,part,tenant,notification,channel,status,at,planned_at,claimed_at,attempt,provider,"
    "reference,code,text,rule"
)

_ENDS = f"""
    INSERT INTO outcome({_OF_OUTCOME})
    SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::text[],$6::text[],
    $7::bigint[],$8::bigint[],$9::bigint[],$10::int[],$11::text[],$12::text[],$13::text[],
    $14::text[],$15::text[]) AS given(position,part)"""

_FIRST_OUTCOME = f"""{_ENDS}
    WHERE (SELECT true FROM outcome AS o WHERE o.position=given.position AND o.part=given.part)
    IS NULL ORDER BY position,part"""

_OUTCOME = f"""{_ENDS} ORDER BY position,part
    ON CONFLICT(position,part) DO UPDATE SET status=excluded.status,code=excluded.code,
    text=excluded.text WHERE outcome.status IN ('SENT','DELIVERED')"""

_HISTORY = """
    INSERT INTO history(position,part,tenant,channel,state,at,claimed_at,attempt,provider,reference,
    code,text,rule,due)
    SELECT * FROM unnest($1::bigint[],$2::text[],$3::text[],$4::text[],$5::text[],$6::bigint[],
    $7::bigint[],$8::int[],$9::text[],$10::text[],$11::text[],$12::text[],$13::text[],
    $14::bigint[])"""

_REFERENCE = """
    INSERT INTO reference(provider,reference,tenant,position,part)
    SELECT * FROM unnest($1::text[],$2::text[],$3::text[],$4::bigint[],$5::text[])
    ON CONFLICT DO NOTHING"""

_TALLY = """
    INSERT INTO tally(tenant,node,deliveries)
    SELECT * FROM unnest($1::text[],$2::int[],$3::bigint[])
    ON CONFLICT(tenant,node) DO UPDATE SET deliveries=tally.deliveries+excluded.deliveries"""

_MARK = """
    INSERT INTO mark(name,position) SELECT * FROM unnest($1::text[],$2::bigint[])
    ON CONFLICT(name) DO UPDATE SET position=greatest(mark.position,excluded.position)"""


# Each is looked up by the key, whatever the table is expected to hold: over a partition that was
# begun just now, a list of 100 to compare with was 100 comparisons for each row of it.
_ENDED = """
    SELECT 1 FROM unnest($1::bigint[],$2::text[]) AS given(at,name)
    WHERE (SELECT true FROM outcome WHERE position=given.at AND part=given.name) LIMIT 1"""

_ENDED_AT = """
    SELECT 1 FROM unnest($1::bigint[]) AS given(at)
    WHERE (SELECT true FROM outcome WHERE position=given.at LIMIT 1) LIMIT 1"""
