"""What must be unique over time on PostgreSQL: idempotency keys, and ids that producers gave.

A unique index cannot span partitions, and one random index over everything would be most of what a
commit writes: at ten million rows 4,400 bytes of log for each notification instead of 875. So keys
and ids are hashes in one narrow table with a partition for each day: today's decides between twins,
the days before are only looked at.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from sqlalchemy import Connection

from sendwell.domain.ids import COUNTER_BITS, NotificationId, TenantId
from sendwell.ports.journal import Acceptance
from sendwell.runtime.journal.parts import DAY
from sendwell.runtime.journal.rows import Row
from sendwell.runtime.postgres_rows import columns, execute, fetch

_NEIGHBOURS = 60_000 << COUNTER_BITS
"""For so long into a day, a twin may still be writing into the day before. Then the day before
decides, and the new one is written too; who is later looks there only, so it has the last word."""


class _Key(NamedTuple):
    name: bytes
    tenant: TenantId
    fingerprint: bytes
    position: int


class _Holder(NamedTuple):
    position: int
    fingerprint: bytes


_Held = Mapping[tuple[bytes, TenantId], _Holder]


def claimed(connection: Connection, rows: Sequence[Row]) -> dict[int, Acceptance]:
    """Take keys and ids for these rows; gives the answers for those that repeat something."""
    keys = {row.position: _keys(row) for row in rows if row.key or row.is_named}
    if not keys:
        return {}
    everything = sorted(key for own in keys.values() for key in own)
    held = _held(connection, everything, window=rows[0].window)
    ids = {row.position: row.id for row in rows}
    repeats: dict[int, Acceptance] = {}
    for row in rows:
        for key in keys.get(row.position, ()):
            holder = held[key.name, key.tenant]
            if holder.position != row.position:
                repeats[row.position] = _repeats(connection, row, key, holder, ids=ids)
                break
    return repeats


def _keys(row: Row) -> list[_Key]:
    """What the row claims; the key goes first, for it says which request was meant."""
    keys = []
    if row.key is not None:
        keys.append(_Key(row.key, row.tenant, row.fingerprint, row.position))
    if row.is_named:
        keys.append(_Key(name_of_id(row.id), row.tenant, b"", row.position))
    return keys


def name_of_id(id_: NotificationId) -> bytes:
    """The hash of an id that a producer gave, as it stands among the keys."""
    return blake2b(id_.encode(), digest_size=16, person=b"id").digest()


def _held(connection: Connection, keys: Sequence[_Key], *, window: int) -> _Held:
    """Who holds each of the keys, now that they were claimed."""
    last, oldest = max(key.position for key in keys), min(key.position for key in keys) - window
    today = last // DAY
    is_early = last % DAY < _NEIGHBOURS
    decides = today - 1 if is_early else today
    given = columns(keys)
    found = fetch(connection, _CLAIM, *given, decides, oldest // DAY, oldest)
    held = {(name, tenant): _Holder(*holder) for name, tenant, *holder in found}
    if not is_early:
        return held
    execute(connection, _COPY, *given, today, decides)
    last_word = _on(connection, keys, today)
    ours = {key.position for key in keys}
    for who, holder in last_word.items():
        if holder != held[who] and held[who].position in ours:
            execute(connection, _FREE, *who, held[who].position)
    return {**held, **last_word}


def _on(connection: Connection, keys: Sequence[_Key], day: int) -> _Held:
    """Who holds them on that day."""
    names, tenants, _, _ = columns(keys)
    rows = fetch(connection, _TWINS, names, tenants, day)
    return {(name, tenant): _Holder(*holder) for name, tenant, *holder in rows}


def _repeats(
    connection: Connection,
    row: Row,
    key: _Key,
    holder: _Holder,
    *,
    ids: Mapping[int, NotificationId],
) -> Acceptance:
    """The answer for a row that stores nothing; what it has taken goes to whom it belongs."""
    if key.name != row.key:  # its key stands for the notification that has the id
        if row.key is not None:
            execute(connection, _POINT, holder.position, row.key, row.tenant, row.position)
        return Acceptance(row.id, is_duplicate=True)
    if row.is_named:
        execute(connection, _FREE, name_of_id(row.id), row.tenant, row.position)
    first = ids.get(holder.position) or _id_at(connection, row.tenant, holder.position)
    is_other = holder.fingerprint != row.fingerprint
    return Acceptance(first or row.id, is_duplicate=True, is_other=is_other)


def _id_at(connection: Connection, tenant: TenantId, position: int) -> NotificationId | None:
    question = "SELECT id FROM requested WHERE position=$1 AND tenant=$2"
    found = fetch(connection, question, position, tenant)
    return NotificationId(found[0][0]) if found else None


_GIVEN = (
    "unnest($1::bytea[],$2::text[],$3::bytea[],$4::bigint[]) AS g(key,tenant,fingerprint,position)"
)

_CLAIM = f"""
    WITH given AS (SELECT * FROM {_GIVEN}),
    held AS (
      SELECT key,tenant,twin.position,twin.fingerprint
      FROM given, LATERAL (
        SELECT i.position,i.fingerprint FROM idempotency AS i
        WHERE i.key=given.key AND i.tenant=given.tenant AND i.day>=$6 AND i.day<=$5
        AND (i.day=$5 OR i.position>=$7) ORDER BY i.day=$5,i.position LIMIT 1) AS twin),
    taken AS (
      INSERT INTO idempotency(key,tenant,fingerprint,position,day)
      SELECT DISTINCT ON (key,tenant) key,tenant,fingerprint,position,$5 FROM given
      WHERE NOT EXISTS (SELECT FROM held WHERE held.key=given.key AND held.tenant=given.tenant)
      ORDER BY key,tenant,position
      RETURNING key,tenant,position,fingerprint)
    SELECT * FROM held UNION ALL SELECT * FROM taken"""
"""Who takes the same key at the same moment makes this fail, and is seen the next time.

Each key is looked up by itself, on the days from one to another: of a list of days PostgreSQL does
not know beforehand which partitions it means, and then it read all of today's for every group.
"""

_TWINS = """
    SELECT key,tenant,position,fingerprint
    FROM unnest($1::bytea[],$2::text[]) AS g(key,tenant) JOIN idempotency AS i USING (key,tenant)
    WHERE i.day=$3"""

_COPY = f"""
    INSERT INTO idempotency(key,tenant,fingerprint,position,day)
    SELECT key,tenant,i.fingerprint,i.position,$5
    FROM {_GIVEN} JOIN idempotency AS i USING (key,tenant) WHERE i.day=$6
    ORDER BY key,tenant ON CONFLICT DO NOTHING"""

_POINT = "UPDATE idempotency SET position=$1 WHERE key=$2 AND tenant=$3 AND position=$4"
_FREE = "DELETE FROM idempotency WHERE key=$1 AND tenant=$2 AND position=$3"
