"""An example for every operation; tests hold them to the schemas."""

from typing import Any

from sendwell.web.openapi import (
    account_examples,
    choice_examples,
    erasure_examples,
    import_examples,
    people_examples,
    rule_examples,
)

_ID = "0199f8a2-6c1e-7d30-9b5a-3f1c2d4e5f60"
_OTHER_ID = "0199f8a2-6c1e-7d30-9b5a-3f1c2d4e5f61"
_AT = "2026-11-21T10:15:03.120Z"
_JSON = "application/json"

PARAMETERS: dict[str, Any] = {
    **account_examples.PARAMETERS,
    **choice_examples.PARAMETERS,
    **erasure_examples.PARAMETERS,
    **import_examples.PARAMETERS,
    **people_examples.PARAMETERS,
    "code": "order-shipped",
    "id": _ID,
    "integration": "main",
    "message_id": 12,
    "number": 1,
    "provider": "sendgrid",
    "replay_dead_letter.id": 7,
    "user_id": "user-001",
    "version": 1,
}
"""By the name of a path parameter, or by operation and name where one stands for another thing."""


def _named(**examples: Any) -> dict[str, Any]:
    return {
        name: {"summary": name.replace("_", " ").capitalize(), "value": value}
        for name, value in examples.items()
    }


_KEPT = {
    "id": 12,
    "service": "gateway",
    "stream": "notification.requested",
    "place": "notification.requested/3@1042",
    "reason": "missing_field",
    "hint": "A field is missing that cannot be left out.",
    "text": "/recipient is missing.",
    "pointer": "/recipient",
    "at": _AT,
}
_GREETING = {
    "user_id": "user-001",
    "event_type": "greeting",
    "content": "Hello from Sendwell",
}
_PERSON = {
    "email": "ada@example.org",
    "phone": "+436641234567",
    "name": "Ada Lovelace",
    "locale": "de-AT",
    "timezone": "Europe/Vienna",
    "attributes": {"plan": "pro"},
}
_PREFERENCES = {
    "channels": {"email": {"categories": {"marketing": False}}},
    "topics": {"news/sport": {"enabled": True, "channels": {"sms": False}}},
    "order": ["push", "email"],
    "quiet_hours": {"windows": [{"from": "22:00", "to": "07:00"}]},
}
_BODIES = {
    "email": {
        "en": {
            "subject": "Order {{ order }} is on its way",
            "html": "<p>It arrives on {{ arrives | date }}.</p>",
        },
        "de": {
            "subject": "Bestellung {{ order }} ist unterwegs",
            "html": "<p>Sie kommt am {{ arrives | date }}.</p>",
        },
    },
}
_NEEDS = {
    "type": "object",
    "required": ["order", "arrives"],
    "properties": {"order": {"type": "string"}, "arrives": {"type": "string", "format": "date"}},
}
_VERSION_IN = {"bodies": _BODIES, "default_locale": "en", "schema": _NEEDS}
REQUESTS: dict[str, dict[str, Any]] = {
    **account_examples.REQUESTS,
    **choice_examples.REQUESTS,
    **rule_examples.REQUESTS,
    **import_examples.REQUESTS,
    **people_examples.REQUESTS,
    "send_notification": {
        _JSON: _named(
            to_a_person=_GREETING,
            to_an_address={
                "to": {"email": "ada@example.org"},
                "event_type": "order.shipped",
                "channel": "email",
                "content": {
                    "subject": "Your order is on its way",
                    "html": "<p>Order <b>4711</b> has left our house.</p>",
                    "text": "Order 4711 has left our house.",
                },
            },
            with_a_template={
                "user_id": "user-001",
                "template": "order-shipped",
                "data": {"order": "4711", "arrives": "2026-11-24"},
                "channels": ["push", "email"],
                "routing": "fallback",
                "idempotency_key": "order-4711-shipped",
            },
            at_six_where_they_live={
                **_GREETING,
                "send_at": "2026-12-24T18:00:00",
                "ttl_seconds": 86_400,
            },
        )
    },
    "send_notifications": {
        _JSON: _named(two=[_GREETING, {**_GREETING, "user_id": "user-002"}]),
        "application/x-ndjson": _named(
            a_line='{"user_id": "user-001", "event_type": "greeting", "content": "Hello"}\n'
        ),
    },
    "replay_dead_letters": {
        _JSON: _named(after_an_outage={"cause": "provider_outage", "rate_per_second": 50})
    },
    "create_template": {
        _JSON: _named(
            in_two_languages={"code": "order-shipped", "name": "Order shipped", **_VERSION_IN}
        )
    },
    "create_template_version": {_JSON: _named(published_at_once={**_VERSION_IN, "publish": True})},
    "preview_template": {
        _JSON: _named(
            for_an_austrian={
                "channel": "email",
                "locale": "de-AT",
                "data": {"order": "4711", "arrives": "2026-11-24"},
            }
        )
    },
    "put_user": {_JSON: _named(a_person=_PERSON)},
    "put_preferences": {_JSON: _named(choices=_PREFERENCES)},
    "add_push_token": {
        _JSON: _named(a_token={"token": "fMEP0vJqS0:APA91bHqXfyWY2z8rT", "platform": "android"})
    },
    "take_receipts": {
        "*/*": _named(sendgrid=[{"event": "delivered", "sg_event_id": "ZGVsaXZlcmVk"}])
    },
}
"""By operation and content type."""

_DELIVERY = {
    "id": "0.email",
    "channel": "email",
    "status": "SENT",
    "provider": "smtp",
    "provider_message_id": "250 2.0.0 Ok: queued as 4F1C2D",
    "attempts": 1,
    "error": None,
    "rule": None,
    "due_at": None,
    "sent_at": _AT,
    "updated_at": _AT,
}
_NOTIFICATION: dict[str, Any] = {
    "id": _ID,
    "status": "SENT",
    "event_type": "greeting",
    "priority": "medium",
    "category": "default",
    "topic": None,
    "channels": [],
    "user_id": "user-001",
    "recipients": 1,
    "template": None,
    "correlation_id": _ID,
    "metadata": {},
    "created_at": _AT,
    "expires_at": None,
    "send_at": None,
    "deliveries": [_DELIVERY],
}
_LETTER = {
    "id": 7,
    "notification_id": _ID,
    "delivery": "0.email",
    "channel": "email",
    "event_type": "greeting",
    "cause": "invalid_address",
    "hint": "The address can't be reached. Ask the person for another one.",
    "error": {"code": "550", "text": "5.1.1 User unknown"},
    "provider": "smtp",
    "attempts": 1,
    "at": _AT,
    "replayed_as": None,
    "reached_by": [],
}
_MAIL = {
    "id": "12",
    "channel": "email",
    "to": "ada@example.org",
    "user_id": "user-001",
    "event_type": "greeting",
    "notification": _ID,
    "delivery": "0.email",
    "priority": "medium",
    "at": _AT,
    "content": {"subject": "Greeting", "text": "Hello from Sendwell"},
}
_INBOX: dict[str, Any] = {
    "id": "3",
    "event_type": "greeting",
    "notification": _ID,
    "title": "Greeting",
    "body": "Hello from Sendwell",
    "data": {},
    "at": _AT,
    "read_at": None,
}
_TOKEN = {"number": 1, "token": "fMEP0v…", "platform": "android", "last_seen": _AT}
_PERSON_OUT = {
    "user_id": "user-001",
    "url": None,
    **_PERSON,
    "verified": ["email"],
    "tokens": [_TOKEN],
    "created_at": _AT,
    "updated_at": _AT,
}
_TEMPLATE = {
    "code": "order-shipped",
    "name": "Order shipped",
    "published_version": 1,
    "latest_version": 1,
    "created_at": _AT,
    "updated_at": _AT,
}
_VERSION = {
    "code": "order-shipped",
    "version": 1,
    "is_published": True,
    "default_locale": "en",
    "bodies": _BODIES,
    "schema": _NEEDS,
    "created_at": _AT,
}
_HEALTHY = {"status": "ok", "stopped": []}

ANSWERS: dict[tuple[str, str], Any] = {
    ("send_notification", "202"): {
        "id": _ID,
        "status": "PENDING",
        "duplicate": False,
        "links": {
            "self": f"/api/v1/notifications/{_ID}",
            "timeline": f"/api/v1/notifications/{_ID}/timeline",
        },
    },
    ("send_notifications", "202"): {
        "accepted": 1,
        "duplicate": 0,
        "refused": 1,
        "items": [
            {"index": 0, "status": "accepted", "id": _OTHER_ID},
            {
                "index": 1,
                "status": "refused",
                "code": "invalid",
                "detail": "/to: Say whom to tell: either user_id or to.",
                "errors": [{"pointer": "/to", "detail": "Say whom to tell: either user_id or to."}],
            },
        ],
    },
    ("list_notifications", "200"): {"data": [_NOTIFICATION], "next_cursor": None},
    ("get_notification", "200"): _NOTIFICATION,
    ("get_timeline", "200"): {
        "id": _ID,
        "events": [
            {"at": _AT, "event": "CREATED", "text": "The request was accepted and stored."},
            {
                "at": _AT,
                "event": "SENT",
                "text": "The provider has taken it.",
                "delivery": "0.email",
                "channel": "email",
                "attempt": 1,
                "provider": "smtp",
            },
        ],
    },
    ("get_ledger", "200"): {
        "accepted": 3,
        "pending": 1,
        "sent": 2,
        "delivered": 0,
        "failed": 0,
        "suppressed": 0,
        "cancelled": 0,
        "expired": 0,
        "difference": 0,
        "adds_up": True,
    },
    ("cancel_notification", "200"): {
        "id": _ID,
        "cancelled": ["1.sms"],
        "in_flight": ["0.sms"],
    },
    ("list_dead_letters", "200"): {"data": [_LETTER], "next_cursor": None},
    ("replay_dead_letter", "202"): {"id": 7, "delivery": "0.email.r1", "reached_by": []},
    ("replay_dead_letters", "202"): {
        "replayed": 128,
        "passed_over": 12,
        "rate_per_second": 50,
    },
    ("list_quarantined", "200"): {"data": [_KEPT], "next_cursor": None, "incomplete": []},
    ("get_quarantined", "200"): {
        **_KEPT,
        "message_id": "",
        "key": "6f1e0c52-94a3-4a53-8a7d-0f6f5f0f2f11",
        "headers": {"organization-id": "6f1e0c52-94a3-4a53-8a7d-0f6f5f0f2f11"},
        "preset": "tenant",
        "body": "eyJub3RpZmljYXRpb25JZCI6ICJuLTEifQ==",
    },
    ("get_quarantined_bytes", "200"): '{"notificationId": "n-1"}',
    ("list_mailbox_messages", "200"): {"data": [_MAIL], "next_cursor": None},
    ("get_mailbox_message", "200"): {
        **_MAIL,
        "headers": [{"name": "Subject", "value": "Greeting"}],
        "raw": "Subject: Greeting\r\n\r\nHello from Sendwell\r\n",
        "problem": None,
    },
    ("delete_mailbox_messages", "200"): {"deleted": 4},
    ("list_inbox_messages", "200"): {"data": [_INBOX], "unread": 1, "next_cursor": None},
    ("follow_inbox", "200"): 'event: message\nid: 3\ndata: {"id":"3","body":"Hello"}\n\n',
    ("put_user", "200"): _PERSON_OUT,
    ("put_user", "201"): {**_PERSON_OUT, "tokens": []},
    ("get_user", "200"): _PERSON_OUT,
    ("get_preferences", "200"): _PREFERENCES,
    ("put_preferences", "200"): _PREFERENCES,
    ("add_push_token", "200"): _TOKEN,
    ("add_push_token", "201"): _TOKEN,
    ("create_template", "201"): _TEMPLATE,
    ("list_templates", "200"): {"data": [_TEMPLATE], "next_cursor": None},
    ("get_template", "200"): _TEMPLATE,
    ("create_template_version", "201"): {**_VERSION, "version": 2},
    ("list_template_versions", "200"): {"data": [_VERSION], "next_cursor": None},
    ("get_template_version", "200"): _VERSION,
    ("publish_template_version", "200"): _TEMPLATE,
    ("preview_template", "200"): {
        "code": "order-shipped",
        "version": 1,
        "locale_used": "de",
        "parts": {
            "subject": "Bestellung 4711 ist unterwegs",
            "html": "<p>Sie kommt am 24.11.2026.</p>",
        },
        "missing": [],
        "errors": [],
    },
    **account_examples.ANSWERS,
    **choice_examples.ANSWERS,
    **erasure_examples.ANSWERS,
    **rule_examples.ANSWERS,
    **import_examples.ANSWERS,
    **people_examples.ANSWERS,
    ("get_livez", "200"): "ok",
    ("get_readyz", "200"): _HEALTHY,
    ("get_readyz", "503"): {"status": "draining", "stopped": []},
    ("get_health", "200"): _HEALTHY,
    ("get_health", "503"): {"status": "draining", "stopped": []},
    ("get_metrics", "200"): 'sendwell_notifications_accepted_total{lane="medium"} 42.0\n',
}
"""By operation and status."""
