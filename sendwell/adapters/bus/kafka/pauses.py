"""How long to wait before something is tried again."""

from sendwell.domain.pauses import Pauses


def new_pauses() -> Pauses:
    """Pauses of 0.1 s, doubled each time, up to 5."""
    return Pauses(0.1, 5.0)
