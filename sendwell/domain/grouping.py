"""Things that belong together, in the order in which they came."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Thing = TypeVar("_Thing")


def group(things: Iterable[_Thing], by: Callable[[_Thing], _Key]) -> dict[_Key, list[_Thing]]:
    """Those that have the same key; the first of each key says which group comes first."""
    groups: dict[_Key, list[_Thing]] = {}
    for thing in things:
        groups.setdefault(by(thing), []).append(thing)
    return groups
