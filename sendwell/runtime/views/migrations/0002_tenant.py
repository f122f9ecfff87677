"""Schema `tenant`: the tables of the preset's contract, as its services would ask them.

`notifications` has one row for each delivery, with the contract's five states. They come out of a
join, so that the index on our states finds them.
"""

from sendwell.runtime.views.making import make_view

revision = "0002"
down_revision = "0001"

_NOTIFICATIONS = """
    SELECT d.notification AS id, d.tenant AS organization_id, d.event_type,
      upper(d.channel) AS channel,
      coalesce(
        sendwell_opened(d.body,d.key_id) #>> ARRAY['to', split_part(d.part,'.',1),
          CASE d.channel WHEN 'email' THEN 'email' WHEN 'push' THEN 'token' WHEN 'sms' THEN 'phone'
          WHEN 'whatsapp' THEN 'phone' WHEN 'in_app' THEN 'user_id' ELSE 'url' END],
        sendwell_opened(d.body,d.key_id) #>> ARRAY['to', split_part(d.part,'.',1), 'user_id'],
        d.user_id) AS recipient,
      CASE WHEN d.key_id IS NULL
        THEN coalesce(sendwell_opened(d.body,NULL)->'data','{}') END AS payload,
      s.status, d.provider, d.reference AS provider_message_id,
      greatest(d.attempt-1,0) AS retry_count, NULL::int AS max_retries,
      coalesce(d.code,d.rule) AS error_code, d.text AS error_message,
      sendwell_time(d.accepted_at) AS created_at,
      sendwell_time(coalesce((SELECT max(h.at) FROM history AS h
        WHERE h.position=d.position AND h.part=d.part AND h.at>d.at), d.at)) AS updated_at,
      CASE WHEN d.state IN ('SENT','DELIVERED','BOUNCED','COMPLAINED')
        THEN sendwell_time(d.at) END AS sent_at
    FROM sendwell_delivery AS d JOIN (VALUES
      ('PENDING','PENDING'), ('SCHEDULED','PENDING'), ('HELD','PENDING'),
      ('PROCESSING','PROCESSING'), ('RETRYING','RETRYING'),
      ('SENT','SENT'), ('DELIVERED','SENT'), ('COMPLAINED','SENT'),
      ('FAILED','FAILED'), ('DEAD','FAILED'), ('BOUNCED','FAILED'),
      ('SUPPRESSED','FAILED'), ('CANCELLED','FAILED'), ('EXPIRED','FAILED')
    ) AS s(state,status) ON s.state=d.state"""

_DETAILS = """jsonb_strip_nulls(jsonb_build_object('channel',upper({0}.channel),
      'delivery',{0}.part,'attempt',nullif({0}.attempt,0),'provider',{0}.provider,
      'provider_message_id',{0}.reference,'error_code',coalesce({0}.code,{0}.rule),
      'error_message',{0}.text))"""

_BEGUN = """jsonb_build_object('channel',upper({0}.channel),'delivery',{0}.part,
      'attempt',{0}.attempt,'provider',{0}.provider)"""

# As the timeline of the API tells it: roles/tracker/timeline.py.
_EVENTS = f"""
    SELECT hashtextextended(concat_ws(' ',e.position,e.part,e.event,e.at,e.number),0)
        & 9223372036854775807 AS id,
      e.notification_id, e.organization_id, e.event, e.details, sendwell_time(e.at) AS created_at
    FROM (
      SELECT position, '' AS part, 0 AS number, id AS notification_id, tenant AS organization_id,
        'CREATED' AS event, '{{}}'::jsonb AS details, accepted_at AS at FROM requested
      UNION ALL
      SELECT position, part, 0, notification, tenant, 'PLANNED',
        jsonb_build_object('channel',upper(d.channel),'delivery',d.part), planned_at
      FROM sendwell_delivery AS d
      UNION ALL
      SELECT position, part, d.attempt, notification, tenant, 'SEND_ATTEMPT', {_BEGUN.format("d")},
        claimed_at
      FROM sendwell_delivery AS d
      WHERE claimed_at>0 AND state IN ('PROCESSING','SENT','DELIVERED','BOUNCED','COMPLAINED')
      UNION ALL
      SELECT position, part, d.attempt, notification, tenant, 'SENT', {_DETAILS.format("d")}, at
      FROM sendwell_delivery AS d WHERE state IN ('SENT','DELIVERED','BOUNCED','COMPLAINED')
      UNION ALL
      SELECT position, part, 0, notification, tenant, state, {_DETAILS.format("d")}, at
      FROM sendwell_delivery AS d WHERE state IN ('SUPPRESSED','CANCELLED','EXPIRED')
      UNION ALL
      SELECT h.position, h.part, h.attempt, r.id, h.tenant, 'SEND_ATTEMPT', {_BEGUN.format("h")},
        h.claimed_at
      FROM history AS h JOIN requested AS r ON r.position=h.position AND r.tenant=h.tenant
      WHERE h.state='FAILED' AND h.claimed_at>0
      UNION ALL
      SELECT h.position, h.part, h.number, r.id, h.tenant,
        CASE h.state WHEN 'RETRYING' THEN 'RETRIED' ELSE h.state END, {_DETAILS.format("h")}, h.at
      FROM history AS h JOIN requested AS r ON r.position=h.position AND r.tenant=h.tenant
    ) AS e"""  # noqa: S608 - made of the texts above


def upgrade() -> None:
    """Make them."""
    over = ("sendwell_delivery", "history")
    make_view("tenant", "notifications", _NOTIFICATIONS, over=over)
    make_view("tenant", "notification_events", _EVENTS, over=over)
