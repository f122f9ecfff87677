"""What every way in has in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.chaos.draft import Draft


@dataclass(frozen=True, slots=True)
class Taken:
    """Yes. A broker gives no id."""

    id: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """No, for good, which nothing here ever should hear."""

    text: str


@dataclass(frozen=True, slots=True)
class Unheard:
    """Neither: it may have been taken or not."""


Answer = Taken | Refused | Unheard


class GoneError(Exception):
    """Nobody answers any more: of all that was asked it is not known whether it was taken."""


class Door(Protocol):
    """One way in."""

    async def ask(self, drafts: Sequence[Draft]) -> Sequence[Answer]:
        """Ask for these, and say for each what the answer was. Raises GoneError."""
        ...
