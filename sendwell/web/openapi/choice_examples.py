"""Examples for topics, subscriptions, consent and contacts; tests hold them to the schemas."""

from typing import Any

_AT = "2026-11-21T10:15:03.120Z"
_JSON = "application/json"
_WORDS = {
    "wording": "Yes, send me the results of my team by e-mail.",
    "evidence": "form 2026-117",
}

PARAMETERS: dict[str, Any] = {"topic": "news/sport", "channel": "email"}


def _body(summary: str, value: Any) -> dict[str, Any]:
    return {summary.replace(" ", "_"): {"summary": summary, "value": value}}


_TOPIC = {
    "name": "Sport",
    "description": "Results, as soon as a match is over.",
    "mode": "opt_in",
}
_TOPIC_OUT = {"topic": "news/sport", **_TOPIC, "created_at": _AT, "updated_at": _AT}
_CONSENT = {
    "given": True,
    "channel": None,
    "category": None,
    "topic": "news/sport",
    "at": _AT,
    "source": "paper",
    "actor": "shop",
    **_WORDS,
}
_CONTACT = {
    "channel": "email",
    "address": "ada@example.org",
    "verified": True,
    "verified_at": _AT,
    "how": "They opened the link we sent.",
}

REQUESTS: dict[str, dict[str, Any]] = {
    "put_topic": {_JSON: _body("Only for subscribers", _TOPIC)},
    "subscribe": {_JSON: _body("But not by SMS", {"channels": {"sms": False}, **_WORDS})},
    "record_consent": {
        _JSON: _body(
            "Signed on paper",
            {"given": True, "topic": "news/sport", "at": _AT, "source": "paper", **_WORDS},
        )
    },
    "verify_contact": {
        _JSON: _body("A link was opened", {"verified": True, "how": _CONTACT["how"]})
    },
}

ANSWERS: dict[tuple[str, str], Any] = {
    ("put_topic", "200"): _TOPIC_OUT,
    ("put_topic", "201"): _TOPIC_OUT,
    ("get_topic", "200"): _TOPIC_OUT,
    ("list_topics", "200"): {"data": [_TOPIC_OUT], "next_cursor": None},
    ("list_subscribers", "200"): {"data": [{"user_id": "user-001"}], "next_cursor": None},
    ("list_subscriptions", "200"): {
        "data": [{"topic": "news/sport", "channels": {"sms": False}, "since": _AT}]
    },
    ("list_consents", "200"): {"data": [_CONSENT], "next_cursor": None},
    ("record_consent", "201"): {"consent": _CONSENT, "applied": True},
    ("list_contacts", "200"): {"data": [_CONTACT]},
    ("verify_contact", "200"): _CONTACT,
}
