"""One thing that was looked at."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How good it is."""

    OK = "ok"
    NOTE = "note"
    """Nothing is broken; somebody may want to know."""
    WRONG = "wrong"
    """Sendwell does not work like this, or not for long."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, in a sentence, and what to do about it where something is to be done."""

    topic: str
    text: str
    level: Level = Level.OK
    advice: str | None = None


def note(topic: str, text: str, advice: str | None = None) -> Finding:
    """Something worth knowing."""
    return Finding(topic, text, Level.NOTE, advice)


def wrong(topic: str, text: str, advice: str) -> Finding:
    """Something that must be repaired, and how."""
    return Finding(topic, text, Level.WRONG, advice)
