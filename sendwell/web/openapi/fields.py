"""What each field of a request means and may hold, in the words of the reference."""

from typing import Any

from sendwell.domain import user_id
from sendwell.domain.topic import LONGEST, PATTERN

Fields = dict[str, dict[str, Any]]
_NAME = {"minLength": 1, "maxLength": 100}
_KEY = {"minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"}
_LINE = {"maxLength": 998}

NOTIFICATION: Fields = {
    "user_id": {
        "description": "Your own id of the person to tell. Short for `to: {user_id: …}`.",
        "pattern": user_id.PATTERN,
    },
    "to": {
        "description": (
            "Whom to tell: one recipient, a list of 1 to 1,000, or `{topic: …}` alone for those who"
            " have subscribed. Equal ones in a list are told once."
        ),
    },
    "event_type": {
        "description": (
            "What has happened, such as `order.shipped`. The rules choose priority and category by"
            " it; left out, it is the template's code."
        ),
        **_NAME,
    },
    "category": {"description": "What people can switch off. Else by the rules.", **_NAME},
    "topic": {
        "description": "What it is about, as a path. People subscribe to it or switch it off.",
        "minLength": 1,
        "maxLength": LONGEST,
        "pattern": PATTERN,
        "examples": ["news/sport"],
    },
    "template": {"description": "Code of a published template; or give `content`.", **_NAME},
    "template_version": {"description": "A version other than the published one."},
    "locale": {"description": "BCP 47. Else the person's own.", **_NAME},
    "content": {"description": "The words themselves: a text, or one for each part."},
    "channel": {"description": "The one channel to use; or give `channels`."},
    "channels": {
        "description": "The channels to use. Else the person's preferences decide, or the tenant.",
    },
    "routing": {
        "description": (
            "`all` channels at once (the default), or one after the other: `fallback`. Without"
            " `channels` it is one after the other anyway."
        ),
    },
    "priority": {"description": "The lane. Else the rules choose it by event type."},
    "data": {"description": "What the template needs."},
    "payload": {"description": "Another name of `data`; give one of the two."},
    "metadata": {"description": "Anything of your own; it comes back with the notification."},
    "send_at": {
        "description": (
            "When to send, RFC 3339. Without an offset it is local time in `timezone`, else in the"
            " recipient's own zone."
        ),
        "examples": ["2026-12-24T18:00:00"],
    },
    "timezone": {"description": "A name of the IANA database, for `send_at`."},
    "expires_at": {"description": "When it is too late, RFC 3339; or give `ttl_seconds`."},
    "ttl_seconds": {
        "description": "The same, counted from now.",
        "minimum": 1,
        "maximum": 31_622_400,
    },
    "idempotency_key": {
        "description": "The same as the header `Idempotency-Key`, which is better.",
        **_KEY,
    },
    "correlation_id": {"description": "Ties it to your own logs. Else the id.", **_KEY},
    "id": {
        "description": "Your own id, unique for good within your tenant. Else a UUIDv7 is made.",
        "pattern": "^[A-Za-z0-9_:-]{1,64}$",
    },
    "organization_id": {"description": "Checked against the API key, if given."},
    "tenant_id": {"description": "Another name of `organization_id`."},
}

ADDRESS: Fields = {
    "user_id": {"description": "Your own id of the person.", "pattern": user_id.PATTERN},
    "email": {"description": "An e-mail address."},
    "phone": {"description": "A phone number, E.164.", "examples": ["+436641234567"]},
    "token": {"description": "A push token."},
    "url": {"description": "Where a webhook goes."},
    "locale": {"description": "BCP 47, for this recipient."},
    "timezone": {"description": "IANA, for this recipient."},
    "topic": {
        "description": "Alone: all who have subscribed to it, or to one above it.",
        "examples": ["news/sport"],
    },
}

CONTENT: Fields = {
    "text": {"description": "Plain text."},
    "subject": {"description": "A single line; on other channels the title.", **_LINE},
    "html": {"description": "HTML of an e-mail."},
    "title": {"description": "A single line; in e-mail the subject.", **_LINE},
    "body": {"description": "Words of push and in-app messages; else the text."},
    "data": {"description": "Keys and values for the push client."},
}
