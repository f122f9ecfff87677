"""From the name of a variable to its line in the table, and from a wrong name to a right one."""

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache

from sendwell.domain.lane import LANES
from sendwell.settings.table import SETTINGS, Setting
from sendwell.settings.tree import ROLES

_SUFFIX = "_FILE"
_MEMBER = re.compile(r"[A-Z0-9_]+")


def _channels() -> Collection[str]:
    from sendwell.channels import all_channels

    return all_channels()


_KINDS: dict[str, Callable[[], Collection[str]]] = {"CHANNEL": _channels, "LANE": LANES.keys}
"""The names that can stand in these places. Accounts and vendors are whatever people call them."""


def find(name: str) -> Setting | None:
    """The line of the table that a variable belongs to; None when nobody reads it."""
    known = _single().get(name)
    if known is not None:
        return known
    return next((setting for prefix, setting in _families() if _belongs(name, prefix)), None)


def secret_of(name: str) -> str | None:
    """The variable whose value is in the file that this one names (`<NAME>_FILE`), if it is one."""
    if not name.endswith(_SUFFIX):
        return None
    secret = name.removesuffix(_SUFFIX)
    setting = find(secret)
    return secret if setting is not None and setting.has_file else None


def is_spelled_right(name: str) -> bool:
    """Whether something is called that: like `find`, but channels and lanes have to be there."""
    name = secret_of(name) or name
    setting = find(name)
    if setting is None:
        return False
    prefix, _, place = setting.name.partition("<")
    kind = _KINDS.get(place.rstrip(">"))
    return kind is None or name.removeprefix(prefix).lower() in kind()


def nearest(name: str, *, likeness: float = 0.7) -> str | None:
    """The right name that is most like a wrong one, if any is; 1 is the same."""
    from difflib import get_close_matches

    found = get_close_matches(name, [*_right_names()], n=1, cutoff=likeness)
    return found[0] if found else None


def _belongs(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and bool(_MEMBER.fullmatch(name, len(prefix)))


@cache
def _single() -> dict[str, Setting]:
    """All that have one name, and those of the roles."""
    return {
        setting.name.replace("<ROLE>", role.upper()): setting
        for setting in SETTINGS
        for role in ROLES
        if not _is_family(setting)
    }


@cache
def _families() -> list[tuple[str, Setting]]:
    """By what their names begin with."""
    return [
        (setting.name.partition("<")[0], setting) for setting in SETTINGS if _is_family(setting)
    ]


def _is_family(setting: Setting) -> bool:
    return "<" in setting.name.removeprefix("<ROLE>")


def _right_names() -> Iterator[str]:
    from sendwell.providers.discovery import vendors

    members = {**_KINDS, "VENDOR": vendors, "ACCOUNT": vendors}
    for name, setting in _single().items():
        yield from _ways(name, setting)
    for prefix, setting in _families():
        place = setting.name.removeprefix(f"{prefix}<").partition(">")[0]
        for member in members[place]():
            yield from _ways(f"{prefix}{member.upper()}", setting)


def _ways(name: str, setting: Setting) -> tuple[str, ...]:
    return (name, f"{name}{_SUFFIX}") if setting.has_file else (name,)
