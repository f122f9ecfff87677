"""What the views are made of: one row for each delivery, open or ended, with its request.

The personal part of a request is its envelope (`body`, JSON): where it is encrypted (`key_id`)
a view shows NULL for what only the envelope has.
"""

from alembic import op

from sendwell.runtime.views.making import make_view

revision = "0001"
down_revision = None

# JSON may hold what jsonb cannot, the character NUL for example.
_OPENED = """
    CREATE FUNCTION sendwell_opened(body bytea, key_id text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE AS $$
    BEGIN
        RETURN CASE WHEN key_id IS NULL THEN convert_from(body,'UTF8')::jsonb END;
    EXCEPTION WHEN data_exception THEN RETURN NULL;
    END $$"""

_TIME = """
    CREATE FUNCTION sendwell_time(microseconds bigint) RETURNS timestamp
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT timestamp 'epoch' + microseconds * interval '1 microsecond' $$"""

_DELIVERY = """
    SELECT r.tenant, r.position, r.id AS notification, r.event_type, r.user_id, r.accepted_at,
      r.body, r.key_id, d.part, d.channel, d.state, d.is_open, d.at, d.planned_at, d.claimed_at,
      d.attempt, d.provider, d.reference, d.code, d.text, d.rule
    FROM requested AS r JOIN (
      SELECT tenant, position, part, channel, status AS state, false AS is_open, at, planned_at,
        claimed_at, attempt, provider, reference, code, text, rule FROM outcome
      UNION ALL
      SELECT tenant, position, part, channel, state, true, greatest(planned_at,claimed_at),
        planned_at, claimed_at, attempt, provider, NULL, NULL, NULL, reason FROM work
    ) AS d ON d.position=r.position AND d.tenant=r.tenant"""


def upgrade() -> None:
    """Make it, where there are views."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    connection.exec_driver_sql(_OPENED)
    connection.exec_driver_sql(_TIME)
    make_view(None, "sendwell_delivery", _DELIVERY, over=("requested", "outcome", "work"))
