"""Where `up` and `run` listen when nobody said otherwise."""

from sendwell.domain.presets import find_preset
from sendwell.settings import ROLES, Settings

_USUAL_PORT = 8000


def port_of(asked: int | None, settings: Settings) -> int:
    """As asked; else where the others look for the first of its roles.

    All roles together listen where producers look for the gateway.
    """
    if asked is not None:
        return asked
    preset = find_preset(settings.preset)
    for role in (role for role in ROLES if role in settings.roles):
        found = settings.peers.port.get(role) or preset.port(role, settings.delivers)
        if found:
            return found
    return _USUAL_PORT
