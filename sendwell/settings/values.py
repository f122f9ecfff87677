"""From text to values, one variable after the other; what is wrong is refused with its name."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar

from sendwell.domain.errors import Invalid
from sendwell.settings.tree import ROLES
from sendwell.settings.url import Url

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_WHOLE = re.compile(r"[0-9]{1,9}")


class Values:
    """What is set, by name. Every error is Invalid and begins with the variable's name."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def maybe(self, name: str, parse: Callable[[str], _T]) -> _T | None:
        """The value of a variable; None when it is not set."""
        if name not in self._given:
            return None
        try:
            return parse(self._given[name])
        except Invalid as error:
            raise Invalid(f"{name}: {error.message.removeprefix(f'{name}: ')}") from None

    def read(self, name: str, parse: Callable[[str], _T], otherwise: _T) -> _T:
        """The value of a variable, or the default."""
        value = self.maybe(name, parse)
        return otherwise if value is None else value

    def family(self, prefix: str, parse: Callable[[str], _T]) -> dict[str, _T]:
        """The values of all variables that begin like this, by the rest in lower case."""
        return {
            name.removeprefix(prefix).lower(): value
            for name in sorted(self._given)
            if name.startswith(prefix) and (value := self.maybe(name, parse)) is not None
        }

    def by_role(
        self, suffix: str, parse_for: Callable[[str], Callable[[str], _T]]
    ) -> dict[str, _T]:
        """The values of the roles' own variables that end like this."""
        return {
            role: value
            for role in ROLES
            if (value := self.maybe(f"{role.upper()}_{suffix}", parse_for(role))) is not None
        }


def whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number in these bounds."""

    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise Invalid(f"{text!r} is not a whole number from {least} to {most}.")
        return int(text)

    return parse


def one_of(kind: type[_E]) -> Callable[[str], _E]:
    """Reads one of the words of an enumeration, in any case."""

    def parse(text: str) -> _E:
        word = text.strip().lower()
        if word not in kind.__members__.values():
            raise Invalid(f"{text!r} is none of {', '.join(kind)}.")
        return kind(word)

    return parse


def url(*schemes: str) -> Callable[[str], Url]:
    """Reads the URL of a server."""
    return lambda text: Url.parse(text, schemes)


def secret(text: str) -> str:
    """Reads a secret that is long enough not to be guessed."""
    least = 32
    if len(text) < least:
        raise Invalid(f"this is too short: take a random text of {least} characters or more.")
    return text
