"""Schema `direct`: the tables of the preset's services, with the organization as a last column."""

from sendwell.runtime.views.making import make_view

revision = "0003"
down_revision = "0002"

# Passwords are kept nowhere yet; a person has as many tokens as devices, here the newest.
_USERS = """
    SELECT p.user_id AS id,
      sendwell_opened(p.body,p.key_id)->>'name' AS name,
      sendwell_opened(p.body,p.key_id) #>> '{addresses,email}' AS email,
      NULL::varchar AS password_hash,
      (SELECT sendwell_opened(t.body,t.key_id) #>> '{}' FROM push_token AS t
        WHERE t.tenant=p.tenant AND t.user_id=p.user_id
        ORDER BY t.last_seen DESC, t.number DESC LIMIT 1) AS push_token,
      coalesce((p.preferences::jsonb->>'enabled')::boolean,true)
        AND coalesce((p.preferences::jsonb #>> '{channels,email,enabled}')::boolean,true)
        AS email_enabled,
      coalesce((p.preferences::jsonb->>'enabled')::boolean,true)
        AND coalesce((p.preferences::jsonb #>> '{channels,push,enabled}')::boolean,true)
        AS push_enabled,
      sendwell_time(p.created_at) AS created_at, sendwell_time(p.updated_at) AS updated_at,
      p.tenant AS organization_id
    FROM person AS p"""

# One row for each channel and language of the published version.
_TEMPLATES = """
    SELECT concat_ws('.',t.number,b.channel,l.locale) AS id, t.code, t.name,
      coalesce(l.body->>'subject',l.body->>'title') AS subject,
      coalesce(l.body->>'html',l.body->>'body',l.body->>'text') AS body,
      b.channel AS notification_type, l.locale AS language,
      sendwell_time(t.created_at) AS created_at, sendwell_time(t.updated_at) AS updated_at,
      t.tenant AS organization_id
    FROM template AS t
    JOIN template_version AS v ON v.tenant=t.tenant AND v.code=t.code AND v.version=t.published
    CROSS JOIN LATERAL jsonb_each(v.bodies::jsonb) AS b(channel,bodies)
    CROSS JOIN LATERAL jsonb_each(b.bodies) AS l(locale,body)"""

# The status is derived as domain/lifecycle.py does it: the smallest number tells most.
_NOTIFICATIONS = """
    SELECT r.id, r.user_id, d.notification_type,
      sendwell_opened(r.body,r.key_id) #>> '{template,code}' AS template_code,
      CASE WHEN d.is_open IS NULL THEN 'PENDING'
        WHEN NOT d.is_open AND d.success IS NOT NULL
          AND jsonb_array_length(sendwell_opened(r.body,r.key_id)->'to')=1
          AND coalesce((sendwell_opened(r.body,r.key_id)->>'is_fallback')::boolean,
            sendwell_opened(r.body,r.key_id)->'channels' IS NULL)
          THEN d.states[d.success]
        ELSE d.states[d.telling] END AS status,
      (sendwell_opened(r.body,r.key_id)->>'lane')::int AS priority,
      CASE WHEN r.key_id IS NULL
        THEN coalesce(sendwell_opened(r.body,NULL)->'metadata','{}') END AS metadata,
      d.error, sendwell_time(r.accepted_at) AS created_at,
      sendwell_time(greatest(r.accepted_at,d.at,
        (SELECT max(h.at) FROM history AS h WHERE h.position=r.position))) AS updated_at,
      r.tenant AS organization_id
    FROM requested AS r CROSS JOIN LATERAL (
      SELECT s.states, bool_or(e.is_open) AS is_open,
        min(array_position(s.states,e.state)) AS telling,
        min(array_position(s.states,e.state)) FILTER (WHERE e.state IN ('SENT','DELIVERED'))
          AS success,
        string_agg(DISTINCT e.channel,',') AS notification_type,
        string_agg(DISTINCT e.text,' ') FILTER (WHERE e.state NOT IN ('SENT','DELIVERED')) AS error,
        max(e.at) AS at
      FROM (SELECT ARRAY['PROCESSING','RETRYING','FAILED','PENDING','HELD','SCHEDULED','DEAD',
        'BOUNCED','COMPLAINED','DELIVERED','SENT','SUPPRESSED','EXPIRED','CANCELLED']::text[]
        AS states) AS s LEFT JOIN (
        SELECT channel, status AS state, false AS is_open, text, at FROM outcome AS o
        WHERE o.position=r.position
        UNION ALL
        SELECT channel, state, true, reason, greatest(planned_at,claimed_at) FROM work AS w
        WHERE w.position=r.position) AS e ON true
      GROUP BY s.states) AS d"""


def upgrade() -> None:
    """Make them, each where its role's tables are."""
    make_view("direct", "users", _USERS, over=("person", "push_token"))
    make_view("direct", "templates", _TEMPLATES, over=("template", "template_version"))
    over = ("sendwell_delivery", "history")
    make_view("direct", "notifications", _NOTIFICATIONS, over=over)
