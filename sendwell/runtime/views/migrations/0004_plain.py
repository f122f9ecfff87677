"""Schema `plain`: the tables of a notification service, with columns in our own words.

`user_segments` is missing: there are no segments yet.
"""

from sendwell.runtime.views.making import make_view

revision = "0004"
down_revision = "0003"

_NOTIFICATIONS = """
    SELECT r.id, r.tenant AS organization_id, r.event_type, r.user_id,
      CASE (sendwell_opened(r.body,r.key_id)->>'lane')::int
        WHEN 0 THEN 'critical' WHEN 1 THEN 'high' WHEN 2 THEN 'medium' WHEN 3 THEN 'low'
        END AS priority,
      sendwell_opened(r.body,r.key_id) #>> '{template,code}' AS template_code,
      sendwell_opened(r.body,r.key_id)->'data' AS data,
      sendwell_opened(r.body,r.key_id)->'metadata' AS metadata,
      sendwell_time(r.accepted_at) AS created_at
    FROM requested AS r"""

_DELIVERIES = """
    SELECT d.notification || '.' || d.part AS id, d.notification AS notification_id,
      d.tenant AS organization_id, d.channel, d.state AS status, d.attempt AS attempts, d.provider,
      d.reference AS provider_message_id, coalesce(d.code,d.rule) AS error_code,
      d.text AS error_message, sendwell_time(d.planned_at) AS created_at,
      sendwell_time(d.at) AS updated_at
    FROM sendwell_delivery AS d"""

_HISTORY = """
    SELECT e.id, e.notification_id || '.' || (e.details->>'delivery') AS delivery_id,
      e.notification_id, e.organization_id, e.event AS status, e.details, e.created_at
    FROM tenant.notification_events AS e WHERE e.details ? 'delivery'"""

_TEMPLATES = """
    SELECT t.tenant AS organization_id, t.code, t.name, v.version,
      v.version IS NOT DISTINCT FROM t.published AS is_published, v.default_locale,
      v.bodies::jsonb AS bodies, v.data_schema::jsonb AS data_schema,
      sendwell_time(v.created_at) AS created_at
    FROM template AS t JOIN template_version AS v ON v.tenant=t.tenant AND v.code=t.code"""

_DEAD_LETTERS = """
    SELECT l.id, l.notification || '.' || l.part AS delivery_id, l.notification AS notification_id,
      l.tenant AS organization_id, l.event_type, l.channel, l.provider, l.attempt AS attempts,
      l.cause AS reason, l.code AS error_code, l.text AS error_message,
      l.replayed_as, sendwell_time(l.at) AS created_at
    FROM dead_letter AS l"""


def upgrade() -> None:
    """Make them, each where its role's tables are."""
    over = ("sendwell_delivery",)
    make_view("plain", "notifications", _NOTIFICATIONS, over=over)
    make_view("plain", "notification_deliveries", _DELIVERIES, over=over)
    history = ("tenant.notification_events",)
    make_view("plain", "delivery_status_history", _HISTORY, over=history)
    templates = ("template", "template_version")
    make_view("plain", "notification_templates", _TEMPLATES, over=templates)
    make_view("plain", "dead_letter_queue", _DEAD_LETTERS, over=("dead_letter",))
