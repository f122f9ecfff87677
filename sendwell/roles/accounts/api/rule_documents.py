"""What each section of the rules looks like and says, for the reference."""

from dataclasses import dataclass
from typing import Any

from sendwell.domain.budget import MOST_PER_DAY
from sendwell.domain.lane import LANES
from sendwell.domain.limits import OverLimit

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A section: what its operations are called, what it is for, and its JSON."""

    noun: str
    about: str
    schema: Schema

    def told(self, method: str) -> str:
        """What an operation on it does."""
        match method:
            case "GET":
                return f"{self.about}\n\nReads what holds: your own rules, else the installation's."
            case "PUT":
                return (
                    f"{self.about}\n\nReplaces the section as a whole. Holds within 5 seconds, also"
                    " for what is queued, and is put on the audit log."
                )
            case _:
                return (
                    f"{self.about}\n\nForgets your own rules: what the installation says holds"
                    " again. Holds within 5 seconds and is put on the audit log."
                )


def _object(title: str, properties: Schema, *, required: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "title": title,
        "additionalProperties": False,
        "properties": properties,
        "required": list(required),
    }


def _by_channel(value: Schema) -> Schema:
    return {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z][a-z0-9_]{0,31}$"},
        "additionalProperties": value,
    }


_LIMIT = {
    "type": "string",
    "description": "Like `100/s`, `3/10s`, `1000/h burst 20` or `5/d drop`.",
}
_MAYBE_LIMIT = {**_LIMIT, "type": ["string", "null"]}
_SWITCHES: Schema = {
    "enabled": {"type": "boolean"},
    "categories": {"type": "object", "additionalProperties": {"type": "boolean"}},
}

DOCUMENTS: dict[str, Document] = {
    "priorities": Document(
        "priority_rules",
        "Which event type goes into which lane and category; the longest match wins.",
        {
            "type": "array",
            "items": _object(
                "PriorityRule",
                {
                    "event_type": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 100,
                        "description": "A whole one, or the beginning of one and `*`.",
                    },
                    "priority": {"enum": list(LANES)},
                    "category": {"type": "string", "maxLength": 100, "default": "default"},
                    "critical": {
                        "type": "boolean",
                        "default": False,
                        "description": "It passes quiet hours, caps and opt-outs by category.",
                    },
                },
                required=("event_type", "priority"),
            ),
        },
    ),
    "routing": Document(
        "routing_rules",
        "Through which provider accounts each channel goes, in this order or by shares.",
        _by_channel(
            {"type": "string", "description": "Like `smtp,sendgrid` or `smtp:3,sendgrid:1`."}
        ),
    ),
    "limits": Document(
        "rate_limits",
        "How much may go out, in all and by channel; what is over a limit waits, or is dropped.",
        _object("RateLimits", {"tenant": _MAYBE_LIMIT, "channels": _by_channel(_LIMIT)}),
    ),
    "quota": Document(
        "quota",
        "How many notifications you hand in, within what the installation takes.",
        _object("Quota", {"notifications": {**_MAYBE_LIMIT, "description": "Like `10000/m`."}}),
    ),
    "budget": Document(
        "attention_budget",
        "How many messages a person is sent in one of their days, over everything not critical.",
        _object(
            "AttentionBudget",
            {
                "per_day": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_PER_DAY},
                "over": {
                    "enum": [over.value for over in OverLimit],
                    "default": OverLimit.HOLD.value,
                    "description": "Held until the next day at the same time, or dropped.",
                },
            },
        ),
    ),
    "channels": Document(
        "channel_order",
        "Which channels are tried, and in which order, where neither request nor person says.",
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
    ),
    "locality": Document(
        "locality",
        "The time zone and language of whoever has none of their own.",
        _object("Locality", {"timezone": {"type": "string"}, "locale": {"type": "string"}}),
    ),
    "preferences": Document(
        "preference_defaults",
        "What holds for people who have not chosen; written like a person's preferences.",
        _object(
            "PreferenceDefaults",
            {
                **_SWITCHES,
                "channels": _by_channel(_object("Switches", _SWITCHES)),
                "topics": {"type": "object"},
                "order": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                "quiet_hours": {"type": ["object", "null"]},
            },
        ),
    ),
}
"""By section, in the order of the reference."""

ALL_RULES = _object(
    "Rules",
    {
        "rules": _object("Sections", {name: each.schema for name, each in DOCUMENTS.items()}),
        "own": {"type": "array", "items": {"enum": list(DOCUMENTS)}},
    },
    required=("rules", "own"),
)
