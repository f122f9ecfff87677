"""Addresses that a test environment understands: what became of a message that went there.

An e-mail address at `simulator.sendwell`, or any address with the word as its tag
(`ada+tempfail@example.org`); a phone number of those that belong to nobody; for every other channel
an address that is the word, or ends in it behind one of `/ : . _ - =`, like
`https://example.org/hooks/permfail`.
"""

import re
from enum import StrEnum

SIMULATOR = "simulator.sendwell"


class Simulated(StrEnum):
    """What happens to a message."""

    DELIVERED = "delivered"
    TEMPORARY = "tempfail"
    """Deferred at every attempt, until there are no more."""
    PERMANENT = "permfail"


_PHONES = {
    "+15005550006": Simulated.DELIVERED,
    "+15005550008": Simulated.TEMPORARY,
    "+15005550001": Simulated.PERMANENT,
}
_WORDS = "|".join(Simulated)
_MAIL = re.compile(rf"(?:[^@]*\+)?(?P<word>{_WORDS})@(?P<domain>.+)", re.IGNORECASE)
_OTHER = re.compile(rf"(?:.*[/:._=-])?(?P<word>{_WORDS})", re.IGNORECASE)


def simulated(address: str) -> Simulated | None:
    """What that address stands for; None for one like any other."""
    if address in _PHONES:
        return _PHONES[address]
    if "@" in address and "://" not in address:
        return _mail(address)
    found = _OTHER.fullmatch(address)
    return Simulated(found["word"].lower()) if found else None


def _mail(address: str) -> Simulated | None:
    found = _MAIL.fullmatch(address)
    if found is None:
        return None
    is_meant = "+" in address or found["domain"].lower() == SIMULATOR
    return Simulated(found["word"].lower()) if is_meant else None
