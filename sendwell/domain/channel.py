"""A channel: one way to tell somebody something, and the rules of that way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.ids import ChannelName

_LONGEST_CHARACTER = 4
"""Bytes of UTF-8."""
_STAND_INS = {"text": "body", "body": "text", "subject": "title", "title": "subject"}


class Unit(StrEnum):
    """What a content limit counts."""

    CHARACTERS = "characters"
    BYTES = "bytes of UTF-8"


@dataclass(frozen=True, slots=True)
class ContentLimit:
    """The most that some parts of the content may have, all together."""

    parts: tuple[str, ...]
    most: int
    unit: Unit = Unit.CHARACTERS

    def flaw(self, content: Mapping[str, str]) -> Flaw | None:
        """What is wrong with the content, if it is too much; it points at the part."""
        length = 0
        for part in self.parts:
            length += len(content.get(part, ""))
        if length * _LONGEST_CHARACTER <= self.most:
            return None  # so are nearly all, and nothing had to be encoded
        size = length if self.unit is Unit.CHARACTERS else self._bytes(content)
        if size <= self.most:
            return None
        pointer = f"/{self.parts[0]}" if len(self.parts) == 1 else ""
        names = " and ".join(self.parts)
        return Flaw(pointer, f"{names}: {size} {self.unit}, and at most {self.most} fit.")

    def _bytes(self, content: Mapping[str, str]) -> int:
        return sum(len(content.get(part, "").encode(errors="replace")) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What the flow has to know of a channel. Its file in `channels/` states the facts."""

    name: ChannelName
    address_field: str
    """The field of a recipient that holds its address: email, phone, token, url or user_id."""
    flaw_in_address: Callable[[str], str | None]
    """Why something is no address of this channel, for a person; None when it is one. It never
    quotes the address, since that is personal data."""
    normalise: Callable[[str], str]
    """A right address as it is stored and sent to. Two that differ may still reach one person."""
    parts: tuple[str, ...]
    """The parts of the content that it uses."""
    limits: tuple[ContentLimit, ...] = ()
    resends_unknown: bool = True
    """An attempt whose outcome nobody knows is made again with the same key."""
    expects_receipts: bool = False
    """A provider as a rule says later what became of it; else SENT is the end."""

    def fit(self, given: Mapping[str, str]) -> dict[str, str]:
        """The parts that the channel uses, out of what the producer gave.

        Where a part is missing, the one that means the same on other channels stands in: `body`
        for `text` and `title` for `subject`, and the other way round.
        """
        found = {part: given.get(part) or self._stand_in(part, given) for part in self.parts}
        return {part: words for part, words in found.items() if words}

    def _stand_in(self, part: str, given: Mapping[str, str]) -> str | None:
        other = _STAND_INS.get(part, part)
        return None if other in self.parts else given.get(other)

    def flaws_in_content(self, content: Mapping[str, str]) -> Sequence[Flaw]:
        """Everything that there is too much of."""
        flaws = (limit.flaw(content) for limit in self.limits)
        return tuple(flaw for flaw in flaws if flaw is not None)

    def require_room(self, content: Mapping[str, str]) -> None:
        """Raise Invalid where there is too much of it."""
        for limit in self.limits:
            if (flaw := limit.flaw(content)) is not None:
                raise Invalid(flaw.why, flaws=[flaw], code="content_too_large")
