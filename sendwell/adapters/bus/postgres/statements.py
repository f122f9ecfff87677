"""The statements of the bus. Written by hand, because all but the seldom ones are hot.

`clock_timestamp()` measures leases: the server's clock is the same for all members.
"""

# A call's parcels in one go. The number that orders them inside their transaction is made of one
# step of a sequence and their place in the arrays: so their order does not depend on the plan.
APPEND = """
WITH now AS MATERIALIZED (
    SELECT slot, pg_current_xact_id()::text::bigint AS xid, nextval('bus_turn') << 20 AS turn
    FROM bus_ring
)
INSERT INTO bus_parcel (xid, seq, stream, shard, slot, id, key, headers, body)
SELECT now.xid, now.turn + given.place, given.stream, given.shard, now.slot,
    given.id, given.key, given.headers, given.body
FROM now, unnest($1::int[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::bytea[])
    WITH ORDINALITY AS given (stream, shard, id, key, headers, body, place)
"""

# One message a stream, however many parcels.
ANNOUNCE = "SELECT pg_notify('sendwell_bus_news', news) FROM unnest($1::text[]) AS news"

# What we hold is owed, at most $6 parcels, in the order of the shards given: the shards behind are
# not even looked at when those before have enough. `nth` proves that what came of a shard is its
# beginning, whatever the planner made of it, and the position it was read behind comes with the
# first of it. The snapshot is the one that everything was read with. `line` is the one of the
# server's history: another one since a standby took over.
FETCH = """
WITH ours AS MATERIALIZED (
    SELECT shard.*
    FROM unnest($4::smallint[], $5::bigint[]) WITH ORDINALITY AS held (shard, token, place)
    JOIN bus_shard AS shard
        ON shard.group_name = $1 AND shard.stream = $2 AND shard.member = $3
        AND shard.shard = held.shard AND shard.token = held.token
    ORDER BY held.place
), owed AS (
    SELECT ours.shard, parcel.*, ours.xid AS past_xid, ours.seq AS past_seq,
        CASE WHEN nth = 1 THEN ours.open_xids END AS open_xids,
        CASE WHEN nth = 1 THEN ours.open_seqs END AS open_seqs
    FROM ours CROSS JOIN LATERAL (
        SELECT each.*, row_number() OVER (ORDER BY each.xid, each.seq) AS nth
        FROM (
            SELECT late.*
            FROM unnest(ours.open_xids, ours.open_seqs) AS open (xid, seq)
            CROSS JOIN LATERAL (
                SELECT xid, seq, id, key, headers, body FROM bus_parcel
                WHERE stream = $2 AND shard = ours.shard AND xid = open.xid AND seq > open.seq
                ORDER BY seq LIMIT $6
            ) AS late
            UNION ALL (
                SELECT xid, seq, id, key, headers, body FROM bus_parcel
                WHERE stream = $2 AND shard = ours.shard AND (xid, seq) > (ours.xid, ours.seq)
                ORDER BY xid, seq LIMIT $6
            )
        ) AS each
        ORDER BY nth LIMIT $6
    ) AS parcel
    LIMIT $6
)
SELECT pg_current_snapshot()::text AS snapshot, once.line,
    found.shard, found.nth, found.xid, found.seq, found.id, found.key, found.headers, found.body,
    found.past_xid, found.past_seq, found.open_xids, found.open_seqs
FROM (SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS line) AS once
LEFT JOIN (
    SELECT *, sum(octet_length(body)) OVER (ROWS UNBOUNDED PRECEDING) - octet_length(body) AS before
    FROM owed
) AS found ON found.before < $7
"""

# The acknowledgement. A shard that was taken over has another holder and token: it stays as it is.
# So it does when this arrives late, by a connection that was given up, behind a newer one; and
# where a standby took over meanwhile: it may give the numbers up to there to what comes now.
FINISH = """
UPDATE bus_shard AS shard SET xid = done.xid, seq = done.seq, tries = 0,
    open_xids = done.open_xids::bigint[], open_seqs = done.open_seqs::bigint[]
FROM unnest(
    $4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[]
) AS done (shard, token, xid, seq, open_xids, open_seqs, line)
WHERE shard.group_name = $1 AND shard.stream = $2 AND shard.member = $3
    AND shard.shard = done.shard AND shard.token = done.token
    AND (shard.xid, shard.seq) <= (done.xid, done.seq)
    AND done.line = left(pg_walfile_name(pg_current_wal_lsn()), 8)
RETURNING shard.shard
"""

# The lease of all that a member holds is one row. The others hear of a new member.
RENEW = """
WITH renewed AS (
    INSERT INTO bus_member AS known (group_name, stream, member, until)
    VALUES ($1, $2, $3, clock_timestamp() + $4)
    ON CONFLICT (group_name, stream, member) DO UPDATE SET until = excluded.until
    RETURNING known.xmax = 0 AS is_new
)
SELECT pg_notify('sendwell_bus_members', $2 || ' ' || $1) FROM renewed WHERE is_new
"""

# All shards of a stream as one member sees them, and how many members are alive.
SURVEY = """
SELECT shard.shard, shard.token, shard.member IS NOT DISTINCT FROM $3 AS is_mine,
    holder.member IS NULL AS is_free,
    (
        SELECT count(*) FROM bus_member
        WHERE group_name = $1 AND stream = $2 AND until > clock_timestamp()
    ) AS members
FROM bus_shard AS shard
LEFT JOIN bus_member AS holder
    ON holder.group_name = $1 AND holder.stream = $2 AND holder.member = shard.member
    AND holder.until > clock_timestamp()
WHERE shard.group_name = $1 AND shard.stream = $2
"""

# A new holder has a new token; only one of those who saw the old one gets it. Somebody who held it
# and did not give it back may have died of what is next in it: that counts as a try.
CLAIM = """
WITH free AS MATERIALIZED (
    SELECT shard.shard
    FROM bus_shard AS shard
    JOIN unnest($4::smallint[], $5::bigint[]) AS wanted (shard, token)
        ON shard.shard = wanted.shard AND shard.token = wanted.token
    WHERE shard.group_name = $1 AND shard.stream = $2
    FOR UPDATE OF shard SKIP LOCKED
)
UPDATE bus_shard AS shard SET member = $3, token = shard.token + 1,
    tries = shard.tries + (shard.member IS NOT NULL)::int
FROM free
WHERE shard.group_name = $1 AND shard.stream = $2 AND shard.shard = free.shard
RETURNING shard.shard, shard.token, shard.tries
"""

# Gives some shards back, and says so.
RELEASE = """
WITH released AS (
    UPDATE bus_shard SET member = NULL
    WHERE group_name = $1 AND stream = $2 AND member = $3 AND shard = ANY($4::smallint[])
    RETURNING 1
)
SELECT pg_notify('sendwell_bus_members', $2 || ' ' || $1) FROM released LIMIT 1
"""

# Gives everything back, and says so.
LEAVE = """
WITH released AS (
    UPDATE bus_shard SET member = NULL WHERE group_name = $1 AND stream = $2 AND member = $3
), gone AS (
    DELETE FROM bus_member WHERE group_name = $1 AND stream = $2 AND member = $3 RETURNING 1
)
SELECT pg_notify('sendwell_bus_members', $2 || ' ' || $1) FROM gone
"""

# The streams of which something is owed in the shards of these members ($3), or in any where they
# have none. The view `bus_owed` would read what all shards owe to know it of one.
BEHIND = """
WITH read AS MATERIALIZED (
    SELECT stream.name, shard.*,
        bool_or(shard.member = ANY($3)) OVER (PARTITION BY shard.stream) AS is_shared
    FROM bus_stream AS stream
    JOIN bus_shard AS shard ON shard.stream = stream.number AND shard.group_name = $1
    WHERE stream.name = ANY($2)
), ours AS (
    SELECT name, shard, ROW(shard, xid, seq, open_xids, open_seqs)::text AS position,
        EXISTS (
            SELECT FROM bus_parcel AS new
            WHERE new.stream = read.stream AND new.shard = read.shard
                AND (new.xid, new.seq) > (read.xid, read.seq)
        ) OR EXISTS (
            SELECT FROM unnest(read.open_xids, read.open_seqs) AS open (xid, seq)
            JOIN bus_parcel AS late
                ON late.stream = read.stream AND late.shard = read.shard
                AND late.xid = open.xid AND late.seq > open.seq
        ) AS owes
    FROM read
    WHERE member = ANY($3) OR is_shared IS NOT TRUE
)
SELECT name, string_agg(position, ' ' ORDER BY shard) AS mark
FROM ours
GROUP BY name
HAVING bool_or(owes)
"""

# Counting stops somewhere: nobody is helped by waiting for the exact figure of a disaster.
LAG = """
SELECT count(*) FROM (
    SELECT FROM bus_owed
    WHERE group_name = $1 AND stream IN (SELECT number FROM bus_stream WHERE name = ANY($2))
    LIMIT $3
) AS owed
"""

# Who declares a stream for a group gives it its shards.
BEGUN = """
SELECT name FROM bus_stream AS stream WHERE name = ANY($2)
    AND EXISTS (SELECT FROM bus_shard WHERE group_name = $1 AND stream = stream.number)
"""

# Those whose lease has not run out.
MEMBERS = """
SELECT count(*) FROM bus_member
WHERE group_name = $1 AND stream = (SELECT number FROM bus_stream WHERE name = $2)
    AND until > clock_timestamp()
"""
