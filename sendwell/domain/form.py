"""Reads plain JSON values into domain values and notes every flaw, not only the first."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Self

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.pointer import pointer_to
from sendwell.domain.unknown_field import no_such_field


@dataclass(frozen=True, slots=True)
class Form:
    """One value of a JSON document, the place where it stands, and the document's flaws so far.

    Reading goes on after a flaw, with None or nothing in place of the wrong value. The flaws have
    the last word: nothing that was read counts before `refuse_if_flawed`.
    """

    value: object
    pointer: str = ""
    """JSON Pointer (RFC 6901) of this value within the document."""
    flaws: list[Flaw] = field(default_factory=list)

    def note(self, why: str) -> None:
        """From now on the value is known to be wrong, for this reason."""
        self.flaws.append(Flaw(self.pointer, why))

    def adopt(self, refusal: Invalid) -> None:
        """The flaws that the domain found in the value read from here."""
        self.flaws.extend(Flaw(self.pointer + flaw.pointer, flaw.why) for flaw in refusal.flaws)

    def refuse_if_flawed(self, message: str) -> None:
        """Raise Invalid with everything noted anywhere in the document, if anything was."""
        if self.flaws:
            raise Invalid(message, flaws=self.flaws)

    def members(self, known: Collection[str] = ()) -> Iterator[tuple[str, Self]]:
        """The members of an object. Given the `known` names, any other is a flaw and left out."""
        if not isinstance(self.value, dict):
            self.note("This must be an object.")
            return
        for name, value in self.value.items():
            member = self._below(str(name), value)
            if known and name not in known:
                member.note(no_such_field(str(name), tuple(known)))
            else:
                yield str(name), member

    def items(self) -> Iterator[Self]:
        """The items of a list."""
        if not isinstance(self.value, list):
            self.note("This must be a list.")
            return
        for number, value in enumerate(self.value):
            yield self._below(str(number), value)

    def text(self) -> str | None:
        """A string."""
        if isinstance(self.value, str):
            return self.value
        self.note("This must be a string.")
        return None

    def flag(self) -> bool | None:
        """True or false."""
        if isinstance(self.value, bool):
            return self.value
        self.note("This must be true or false.")
        return None

    def _below(self, name: str, value: object) -> Self:
        return type(self)(value, self.pointer + pointer_to(name), self.flaws)
