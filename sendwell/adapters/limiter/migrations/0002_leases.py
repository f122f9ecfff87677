"""The function that leases several of a rate at once. PostgreSQL only."""

from alembic import op

revision = "0002"
down_revision = "0001"

_LEASE = """
CREATE FUNCTION limit_lease(at bigint, question jsonb) RETURNS bigint[] LANGUAGE plpgsql
-- As with limit_take: plans are kept for as long as a connection lasts.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    keys text[];
    intervals bigint[];
    tolerances bigint[];
    counts bigint[];
    spares bigint[];
    returned bigint[];
    answers bigint[];
BEGIN
    SELECT * INTO keys, intervals, tolerances, counts, spares, returned
    FROM jsonb_to_record(question) AS told (keys text[], intervals bigint[], tolerances bigint[],
        counts bigint[], spares bigint[], returned bigint[]);

    PERFORM set_config('synchronous_commit', 'off', true);

    -- Locked in the order in which limit_take locks them.
    INSERT INTO limit_state AS known (key, tat)
    SELECT each, 0 FROM unnest(keys) AS each ORDER BY each COLLATE "C"
    ON CONFLICT (key) DO UPDATE SET tat = known.tat WHERE false;

    WITH known AS (
        SELECT key, pace, wanted, spare, place, at + tolerance + pace AS whole,
            greatest(at, CASE WHEN tat > at + tolerance + pace + 1000000 THEN at + tolerance
                ELSE greatest(at, tat) END - unused * pace) AS stands
        FROM unnest(keys, intervals, tolerances, counts, spares, returned)
            WITH ORDINALITY AS told (key, pace, tolerance, wanted, spare, unused, place)
        JOIN limit_state USING (key)
    ), left_over AS (
        SELECT *, greatest(0, (whole - stands) / pace) AS room FROM known
    ), leased AS (
        SELECT *, least(room, wanted + least(spare, greatest(0, room - wanted) / 100)) AS granted
        FROM left_over
    ), moved AS (
        UPDATE limit_state SET tat = leased.stands + leased.granted * leased.pace
        FROM leased WHERE limit_state.key = leased.key
    )
    SELECT array_agg(number ORDER BY place, which) INTO answers
    FROM leased CROSS JOIN LATERAL
        (VALUES (1, granted), (2, stands + granted * pace)) AS pair (which, number);
    RETURN answers;
END $$
"""


def upgrade() -> None:
    """Create it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_LEASE)
