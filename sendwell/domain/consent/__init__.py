"""What a person has chosen, what that means for a message, and what of it is put on record."""

from sendwell.domain.consent.choices import EVERY, NO_DEFAULTS, OptOut, Preferences
from sendwell.domain.consent.documents import (
    parse_preferences,
    preferences_json,
    read_preferences,
)
from sendwell.domain.consent.facts import Fact, apply_fact, facts_between, is_outdated, with_topic
from sendwell.domain.consent.objection import NO_TOPICS, Matter, Modes, objection, receives

__all__ = [
    "EVERY",
    "NO_DEFAULTS",
    "NO_TOPICS",
    "Fact",
    "Matter",
    "Modes",
    "OptOut",
    "Preferences",
    "apply_fact",
    "facts_between",
    "is_outdated",
    "objection",
    "parse_preferences",
    "preferences_json",
    "read_preferences",
    "receives",
    "with_topic",
]
