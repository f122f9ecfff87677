"""What is different between two settings, and what of it can be changed while Sendwell runs."""

from collections.abc import Mapping

from sendwell.domain.errors import Invalid
from sendwell.settings.in_force import in_force, shown
from sendwell.settings.names import find
from sendwell.settings.tree import Settings

Differences = Mapping[str, tuple[str, str]]
"""By variable: what it was and what it is now, as everybody may see it."""


def differences(old: Settings, new: Settings) -> Differences:
    """The variables that mean something else now. Two secrets differ without being shown."""
    before, after = in_force(old), in_force(new)
    return {
        name: _pair(name, before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def reloadable(old: Settings, new: Settings) -> Differences:
    """The differences, when all of them can be put in force while Sendwell runs.

    Raises Invalid, naming those that cannot; then none may be.
    """
    found = differences(old, new)
    stay = [name for name in found if not is_reloadable(name)]
    if stay:
        takes = "takes" if len(stay) == 1 else "take"
        raise Invalid(f"{', '.join(stay)} {takes} effect at the next start: nothing was changed.")
    return found


def is_reloadable(name: str) -> bool:
    """Whether that variable can be changed while Sendwell runs."""
    setting = find(name)
    return setting is not None and setting.is_reloadable


def _pair(name: str, before: object, after: object) -> tuple[str, str]:
    was, now = shown(name, before), shown(name, after)
    return was, f"{now} (another)" if was == now else now
