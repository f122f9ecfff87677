"""Why an address is on the list of those that must not be sent to, and whose word weighs more."""

from enum import StrEnum


class Source(StrEnum):
    """Who said so."""

    HAND = "hand"
    """The tenant."""
    STOP_WORD = "stop_word"
    UNSUBSCRIBE = "unsubscribe"
    COMPLAINT = "complaint"
    BOUNCE = "bounce"
    GONE = "gone"
    """A provider that would not take the message: there is no such address, or no longer."""


_REASONS = {
    Source.STOP_WORD: "stop_word",
    Source.UNSUBSCRIBE: "unsubscribed",
    Source.COMPLAINT: "complained",
}

_WEIGHT = {
    Source.HAND: 3,
    Source.STOP_WORD: 2,
    Source.UNSUBSCRIBE: 2,
    Source.COMPLAINT: 2,
}


def reason_of(source: Source) -> str:
    """The reason that the list names where a provider has told us; whoever it was that said so."""
    return _REASONS.get(source, "address_gone")


def outweighs(known: Source | None, new: Source | None) -> bool:
    """Whether what is known stays although there is news: what the tenant said does, and what a
    person said against what providers report.
    """
    return _weight(known) > _weight(new)


def ends_by_start(known: Source | None) -> bool:
    """Whether a person ends it by the word START: what they said themselves, and what has shown
    itself to be wrong by their writing. Not what the tenant decided, and no complaint.
    """
    return known not in {Source.HAND, Source.COMPLAINT}


def _weight(source: Source | None) -> int:
    return 0 if source is None else _WEIGHT.get(source, 1)
