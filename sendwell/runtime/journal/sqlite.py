"""The journal's hot statements for SQLite, by hand because Core costs 2-4 times as much here."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from sendwell.domain.ids import NotificationId, TenantId
from sendwell.messages.status import Status
from sendwell.ports.database import driver
from sendwell.ports.journal import Acceptance
from sendwell.runtime.journal.rows import Count, Row, named, refuse, summed
from sendwell.runtime.rows import for_keys, for_rows, insert


def accept(connection: Connection, rows: Sequence[Row]) -> list[Acceptance]:
    """Store what is new; say of the rest what it repeats."""
    repeats = _claim_keys(connection, [row for row in rows if row.key is not None])
    fresh = [row for row in rows if row.position not in repeats]
    stored = _store(connection, fresh)
    _insert_people(connection, [row for row in fresh if row.people and row.position in stored])
    if len(stored) < len(fresh):
        _point_to_first(connection, [row for row in fresh if row.position not in stored])
    return [
        repeats.get(row.position) or Acceptance(row.id, is_duplicate=row.position not in stored)
        for row in rows
    ]


def copy(connection: Connection, rows: Sequence[Row]) -> None:
    """Keep what another database has accepted; what is here already stays."""
    _insert_requested(connection, rows, then="ON CONFLICT DO NOTHING")
    _insert_people(connection, rows)


def _store(connection: Connection, rows: Sequence[Row]) -> Collection[int]:
    """Insert the notifications whose id is new; gives the positions that were."""
    positions = [row.position for row in rows]
    stored = _insert_requested(connection, rows, then="ON CONFLICT(tenant,id) DO NOTHING")
    if stored == len(rows):
        return set(positions)
    found = for_keys(connection, "SELECT position FROM requested WHERE position IN", positions)
    return {position for (position,) in found}


def _insert_requested(connection: Connection, rows: Sequence[Row], *, then: str) -> int:
    return insert(
        connection,
        "requested(position,tenant,id,user_id,event_type,accepted_at,body)",
        [
            (r.position, r.tenant, r.id, r.user_id, r.event_type, r.accepted_at, r.body)
            for r in rows
        ],
        then=then,
    )


def _insert_people(connection: Connection, rows: Sequence[Row]) -> None:
    if people := named(rows):
        into = "recipient(position,place,tenant,user_id)"
        insert(connection, into, people, then="ON CONFLICT DO NOTHING")


def _claim_keys(connection: Connection, rows: Sequence[Row]) -> dict[int, Acceptance]:
    """Take the idempotency keys; gives the positions whose key somebody holds already."""
    if not rows:
        return {}
    taken = insert(
        connection,
        "idempotency(key,tenant,fingerprint,position)",
        [(r.key, r.tenant, r.fingerprint, r.position) for r in rows],
        then="ON CONFLICT(key,tenant) DO UPDATE SET fingerprint=excluded.fingerprint,"
        f"position=excluded.position WHERE position<excluded.position-{rows[0].window}",
    )
    if taken == len(rows):
        return {}
    positions = {row.position: row for row in rows}
    held: dict[int, Acceptance] = {}
    for row in rows:
        holder, fingerprint = _holder(connection, row)
        if holder != row.position:
            twin = positions.get(holder)
            first = NotificationId(twin.id) if twin else _id_at(connection, row.tenant, holder)
            is_other = fingerprint != row.fingerprint
            held[row.position] = Acceptance(first, is_duplicate=True, is_other=is_other)
    return held


def _point_to_first(connection: Connection, rows: Sequence[Row]) -> None:
    """Keys that came with an id that was used before stand for the notification that has it."""
    first = "SELECT position FROM requested WHERE tenant=? AND id=?"
    driver(connection).executemany(
        f"UPDATE idempotency SET position=({first}) WHERE key=? AND tenant=?",
        [(row.tenant, row.id, row.key, row.tenant) for row in rows if row.key is not None],
    )


def _holder(connection: Connection, row: Row) -> tuple[int, bytes]:
    """The position that holds the row's key, and what its request was."""
    question = "SELECT position,fingerprint FROM idempotency WHERE key=? AND tenant=?"
    position, fingerprint = driver(connection).execute(question, (row.key, row.tenant)).fetchone()
    return position, fingerprint


def _id_at(connection: Connection, tenant: TenantId, position: int) -> NotificationId:
    question = "SELECT id FROM requested WHERE position=? AND tenant=?"
    (found,) = driver(connection).execute(question, (position, tenant)).fetchone()
    return NotificationId(found)


_OUTCOME = (
    "outcome(position,part,tenant,notification,channel,status,at,planned_at,claimed_at,attempt,"
    "provider,reference,code,text,rule)"
)


def put_outcomes(connection: Connection, statuses: Sequence[Status]) -> None:
    """How deliveries ended, with all the times; a late receipt replaces SENT or DELIVERED."""
    insert(
        connection,
        _OUTCOME,
        [
            (s.position, s.part, s.tenant, s.notification, s.channel, s.state.value, s.at,
             s.planned_at, s.claimed_at, s.attempt, s.provider, s.reference, s.code, s.text, s.rule)
            for s in statuses
        ],
        then="ON CONFLICT(position,part) DO UPDATE SET status=excluded.status,"
        "code=excluded.code,text=excluded.text WHERE status IN ('SENT','DELIVERED')",
    )  # fmt: skip


_HISTORY = (
    "history(position,part,tenant,channel,state,at,claimed_at,attempt,provider,reference,code,"
    "text,rule,due)"
)


def put_moves(connection: Connection, statuses: Sequence[Status]) -> None:
    """The moves that the outcome does not tell."""
    insert(
        connection,
        _HISTORY,
        [
            (s.position, s.part, s.tenant, s.channel, s.state.value, s.at, s.claimed_at, s.attempt,
             s.provider, s.reference, s.code, s.text, s.rule, s.due)
            for s in statuses
        ],
    )  # fmt: skip


def put_references(connection: Connection, statuses: Sequence[Status]) -> None:
    """The providers' own ids, for receipts that name nothing else."""
    insert(
        connection,
        "reference(provider,reference,tenant,position,part)",
        [(s.provider, s.reference, s.tenant, s.position, s.part) for s in statuses],
        then="ON CONFLICT DO NOTHING",
    )


def count_planned(connection: Connection, counts: Sequence[Count]) -> None:
    """Add to the ledger's left side."""
    insert(
        connection,
        "tally(tenant,node,deliveries)",
        summed(counts),
        then="ON CONFLICT(tenant,node) DO UPDATE SET deliveries=deliveries+excluded.deliveries",
    )


def set_mark(connection: Connection, marks: Sequence[tuple[str, int]]) -> None:
    """Move the marks forward."""
    insert(
        connection,
        "mark(name,position)",
        list(dict(sorted(marks)).items()),
        then="ON CONFLICT(name) DO UPDATE SET position=max(position,excluded.position)",
    )


def refuse_ended(connection: Connection, parts: Sequence[tuple[int, str]]) -> None:
    """Raises Conflict where one of these deliveries has ended."""
    refuse(for_rows(connection, "SELECT 1 FROM outcome WHERE (position,part) IN", parts))


def refuse_any_end(connection: Connection, positions: Sequence[int]) -> None:
    """Raises Conflict where any delivery at these positions has ended."""
    refuse(for_keys(connection, "SELECT 1 FROM outcome WHERE position IN", positions))
