"""The audit log as a chain: each entry holds a hash over itself and the hash before it.

Whoever changes, moves or removes an entry breaks the chain there; whoever cuts off its end is found
by the chain's head, which is kept apart.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

BEGINNING = "0" * 64


class Entry(NamedTuple):
    """What is sealed. `details` is the JSON text exactly as it is stored."""

    tenant: str
    sequence: int
    """Counts from 1 in each tenant."""
    at: int
    actor: str
    action: str
    subject: str
    details: str


class Head(NamedTuple):
    """The end of a chain: how long it is, and its last hash."""

    length: int = 0
    hash: str = BEGINNING


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain no longer holds, and in which way."""

    sequence: int
    why: str


def seal(previous: str, entry: Entry) -> str:
    """The hash of an entry behind the entry with that hash: SHA-256 of both as one JSON list."""
    text = json.dumps([previous, *entry], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def follow(head: Head, entries: Iterable[tuple[Entry, str]]) -> Head | Break:
    """The head after these entries and their hashes, which come behind `head`; or the break."""
    for entry, found in entries:
        if entry.sequence != head.length + 1:
            return Break(head.length + 1, "The entry is missing.")
        if seal(head.hash, entry) != found:
            return Break(entry.sequence, "The entry is not as it was written.")
        head = Head(entry.sequence, found)
    return head


def ends(found: Head, kept: Head) -> Break | None:
    """Whether a chain that was followed to its end is as long as its kept head says."""
    if found == kept:
        return None
    return Break(found.length + 1, "The log does not end where its head says that it does.")
