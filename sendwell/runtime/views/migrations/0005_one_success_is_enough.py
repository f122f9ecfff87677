"""`direct.notifications` derives the status as the API does, also with several recipients and with
replays.
"""

from sendwell.runtime.views.making import remake_view

revision = "0005"
down_revision = "0004"

# As domain/lifecycle.py: the smallest number tells most, and beside a success only it counts.
_NOTIFICATIONS = """
    SELECT r.id, r.user_id, d.notification_type,
      o.body #>> '{template,code}' AS template_code,
      coalesce(s.states[d.telling],'PENDING') AS status,
      (o.body->>'lane')::int AS priority,
      CASE WHEN r.key_id IS NULL
        THEN coalesce(o.body->'metadata','{}') END AS metadata,
      d.error, sendwell_time(r.accepted_at) AS created_at,
      sendwell_time(greatest(r.accepted_at,d.at,
        (SELECT max(h.at) FROM history AS h WHERE h.position=r.position))) AS updated_at,
      r.tenant AS organization_id
    FROM requested AS r
    CROSS JOIN LATERAL (SELECT sendwell_opened(r.body,r.key_id) AS body) AS o
    CROSS JOIN (SELECT ARRAY['PROCESSING','RETRYING','FAILED','PENDING','HELD','SCHEDULED','DEAD',
      'BOUNCED','COMPLAINED','DELIVERED','SENT','SUPPRESSED','EXPIRED','CANCELLED']::text[]
      AS states) AS s
    CROSS JOIN LATERAL (
      SELECT min(CASE WHEN e.is_any_open THEN e.place ELSE coalesce(e.success,e.place) END)
          AS telling,
        string_agg(DISTINCT e.channel,',') AS notification_type,
        string_agg(DISTINCT e.text,' ') FILTER (WHERE e.state NOT IN ('SENT','DELIVERED')) AS error,
        max(e.at) AS at
      FROM (
        SELECT p.channel, p.state, p.text, p.at, p.place, bool_or(p.is_open) OVER w AS is_any_open,
          min(p.place) FILTER (WHERE p.state IN ('SENT','DELIVERED')) OVER w AS success
        FROM (
          SELECT part, channel, status AS state, false AS is_open, text, at,
            array_position(s.states,status::text) AS place FROM outcome WHERE position=r.position
          UNION ALL
          SELECT part, channel, state, true, reason, greatest(planned_at,claimed_at),
            array_position(s.states,state::text) FROM work WHERE position=r.position) AS p
        WINDOW w AS (PARTITION BY CASE
          WHEN o.body IS NOT NULL
            AND coalesce((o.body->>'is_fallback')::boolean,o.body->'channels' IS NULL)
          THEN split_part(p.part,'.',1) ELSE regexp_replace(p.part,'[.]r[0-9]+$','') END)
        ) AS e) AS d"""


def upgrade() -> None:
    """Replace it, where it is."""
    remake_view("direct", "notifications", _NOTIFICATIONS)
