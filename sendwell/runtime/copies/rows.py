"""What the hot statements of copies take, whichever database they are for."""

from collections.abc import Iterable, Sequence
from enum import StrEnum, auto
from typing import NamedTuple

from sendwell.domain.errors import Unavailable


class OpenRow(NamedTuple):
    """Where a delivery stands that has not ended."""

    position: int
    part: str
    tenant: str
    channel: str
    state: str
    at: int
    planned_at: int
    claimed_at: int
    due: int
    attempt: int
    provider: str | None
    rule: str | None


class Stand(StrEnum):
    """What there is of a delivery."""

    OPEN = auto()
    ENDED = auto()


Seen = tuple[int, str, Stand | None]
"""A delivery's position and part, and what there was of it when that was looked for."""


class Heard(NamedTuple):
    """An extract that a service has dealt with."""

    service: str
    extract: str
    at: int


class HandedOn(NamedTuple):
    """A notification whose tasks have gone to another service."""

    position: int
    tenant: str


def newest(rows: Iterable[OpenRow]) -> list[OpenRow]:
    """One row for each delivery, in an order in which no two processes block each other."""
    by_time = sorted(rows, key=lambda row: row.at)
    found = {(row.position, row.part): row for row in by_time}
    return [found[delivery] for delivery in sorted(found)]


def insist_on(seen: Iterable[Seen], found: Iterable[tuple[int, str, str]]) -> None:
    """The deliveries stand as they were seen. Raises Unavailable where one has moved since."""
    stands = {(position, part): stand for position, part, stand in found}
    if any(stands.get((position, part)) != stand for position, part, stand in seen):
        raise Unavailable("Another process has just kept something of one of these.")


def insist_on_all(stored: int, heard: Sequence[Heard]) -> None:
    """All were new. Raises Unavailable where another process was faster with one: what is to be
    done about the others is then looked at again.
    """
    if stored < len(heard):
        raise Unavailable("Another process has just dealt with one of these.")
