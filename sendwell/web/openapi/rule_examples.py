"""Examples for the operations on a tenant's rules; tests hold them to the schemas."""

from typing import Any

_PRIORITIES = [
    {
        "event_type": "security_alert",
        "priority": "high",
        "category": "security",
        "critical": True,
    },
    {"event_type": "*", "priority": "medium", "category": "default", "critical": False},
]
_ROUTING = {"email": "smtp,sendgrid", "sms": "twilio:3,twilio__eu:1"}
_LIMITS = {"tenant": "100/s", "channels": {"sms": "10/s drop"}}
_QUOTA = {"notifications": "10000/m"}
_BUDGET = {"per_day": 5, "over": "hold"}
_CHANNELS = ["push", "email", "sms"]
_LOCALITY = {"timezone": "Europe/Vienna", "locale": "de-AT"}
_PREFERENCES = {
    "enabled": True,
    "categories": {},
    "channels": {"sms": {"enabled": True, "categories": {"marketing": False}}},
    "topics": {},
    "order": [],
    "quiet_hours": None,
}

_SECTIONS = (
    ("priorities", "priority_rules", _PRIORITIES),
    ("routing", "routing_rules", _ROUTING),
    ("limits", "rate_limits", _LIMITS),
    ("quota", "quota", _QUOTA),
    ("budget", "attention_budget", _BUDGET),
    ("channels", "channel_order", _CHANNELS),
    ("locality", "locality", _LOCALITY),
    ("preferences", "preference_defaults", _PREFERENCES),
)

REQUESTS: dict[str, dict[str, Any]] = {
    f"put_{noun}": {"application/json": {"rules": {"summary": "Rules", "value": value}}}
    for _, noun, value in _SECTIONS
}
"""By operation and content type."""

ANSWERS: dict[tuple[str, str], Any] = {
    ("get_rules", "200"): {
        "rules": {section: value for section, _, value in _SECTIONS},
        "own": ["priorities", "budget"],
    },
    **{
        (f"{method}_{noun}", "200"): value
        for _, noun, value in _SECTIONS
        for method in ("get", "put", "delete")
    },
}
"""By operation and status."""
