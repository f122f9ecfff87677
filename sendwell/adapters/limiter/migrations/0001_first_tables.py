"""The limiter's table, and the function that decides a whole call. PostgreSQL only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TAKE = """
CREATE FUNCTION limit_take(at bigint, question jsonb) RETURNS bigint[] LANGUAGE plpgsql
-- Plans are kept for as long as a connection lasts: made for a small table they would read it whole
-- also when it is large.
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    keys text[];
    intervals bigint[];
    tolerances bigint[];
    sizes int[];
    wanted int[];
    tats bigint[];
    moved boolean[];
    refused bigint[] := '{}';
    first int;
    last int := 0;
    narrowest int;
    till bigint;
BEGIN
    SELECT * INTO keys, intervals, tolerances, sizes, wanted FROM jsonb_to_record(question) AS told
        (keys text[], intervals bigint[], tolerances bigint[], sizes int[], wanted int[]);
    moved := array_fill(false, ARRAY[cardinality(keys)]);

    -- A crash may forget the last moment: that lets through a little more, and spares each call
    -- the wait for the disk, during which everybody else would wait for our keys.
    PERFORM set_config('synchronous_commit', 'off', true);

    -- Lock all keys, those that are new too, in the order in which everybody else does it: then no
    -- two calls can wait for each other. The update never happens, but its row is locked first.
    INSERT INTO limit_state AS known (key, tat)
    SELECT each, 0 FROM unnest(keys) AS each ORDER BY each COLLATE "C"
    ON CONFLICT (key) DO UPDATE SET tat = known.tat WHERE false;

    SELECT array_agg(
        CASE WHEN known.tat > at + tolerance + pace + 1000000 THEN at + tolerance
        ELSE greatest(at, known.tat) END ORDER BY place)
    INTO tats
    FROM unnest(keys, intervals, tolerances) WITH ORDINALITY AS told (key, pace, tolerance, place)
    JOIN limit_state AS known USING (key);

    FOR demand IN 1 .. cardinality(sizes) LOOP
        first := last + 1;
        last := last + sizes[demand];
        narrowest := 0;
        till := at;
        FOR place IN first .. last LOOP
            IF tats[wanted[place]] - tolerances[wanted[place]] > till THEN
                narrowest := wanted[place];
                till := tats[narrowest] - tolerances[narrowest];
            END IF;
        END LOOP;
        IF narrowest > 0 THEN
            refused := refused || ARRAY[demand, narrowest, till];
        ELSE
            FOR place IN first .. last LOOP
                tats[wanted[place]] := tats[wanted[place]] + intervals[wanted[place]];
                moved[wanted[place]] := true;
            END LOOP;
        END IF;
    END LOOP;

    UPDATE limit_state AS known SET tat = taken.tat
    FROM unnest(keys, tats, moved) AS taken (key, tat, is_moved)
    WHERE known.key = taken.key AND taken.is_moved;
    RETURN refused;
END $$
"""


def upgrade() -> None:
    """Create them. Half of each page is left empty, so that an update finds room beside its row."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "limit_state",
        sa.Column("key", sa.Text(collation="C"), nullable=False),
        sa.Column("tat", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        postgresql_with={"fillfactor": 50},
    )
    op.execute(_TAKE)
