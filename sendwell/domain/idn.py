"""Domain names in the form that DNS knows, also those in other scripts than Latin (IDNA 2008)."""

import re
import unicodedata
from functools import lru_cache

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LONGEST_LABEL = 63
_LONGEST_NAME = 253
_LETTERS_AND_DIGITS = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})
_EXCEPTIONS = frozenset("ßς")
"""Folding changes them, and yet they are letters of their own (RFC 5892 2.6). IDNA 2003 folded
them, and so does Python's `idna` codec: mail for straße.example would go to strasse.example."""


@lru_cache(4_096)
def ascii_name(name: str) -> str | None:
    """The name in lower case and ASCII; None when it is not the name of a host.

    Labels are of letters, digits and hyphens (RFC 5890 2.3.1), at most 63 characters long, the
    whole at most 253, with no dot at its end. Labels in other scripts are put into Punycode. Of
    IDNA 2008 the classes of single characters are checked, not what depends on their neighbours
    (RFC 5892 appendix A, RFC 5893): a registry does that before such a name exists.
    """
    labels = [_ascii_label(label) for label in name.split(".")]
    joined = ".".join(label or "" for label in labels)
    return joined if all(labels) and len(joined) <= _LONGEST_NAME else None


def _ascii_label(label: str) -> str | None:
    lowered = unicodedata.normalize("NFC", label.lower())
    encoded = lowered if lowered.isascii() else _punycode(lowered)
    if len(encoded) > _LONGEST_LABEL or _LABEL.fullmatch(encoded) is None:
        return None
    return encoded


def _punycode(label: str) -> str:
    """The A-label, or nothing when a character has no place in a name, or not at its edge."""
    begins_wrong = label[0] == "-" or unicodedata.category(label[0]).startswith("M")
    if begins_wrong or label.endswith("-") or not all(map(_is_for_names, label)):
        return ""
    return f"xn--{label.encode('punycode').decode()}"


def _is_for_names(character: str) -> bool:
    if character.isascii():
        return True  # Punycode leaves it as it is, and then the whole label is looked at
    if unicodedata.category(character) not in _LETTERS_AND_DIGITS:
        return False
    return character in _EXCEPTIONS or _folded(character) == character


def _folded(character: str) -> str:
    """What compatibility and letter case leave of it: names hold only what this does not change."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
