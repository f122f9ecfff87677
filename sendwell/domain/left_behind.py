"""What a process has left under its number, and who may go on with it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Work, or letters, under the number of a process whose lease has ended."""

    node: int
    holder: str
    service: str
    """Its roles joined by `+`, and `-` with a channel, as leases have it; empty: all roles."""
    is_run: bool
    """Whether a living process is of that service: then it takes over within moments."""

    @property
    def command(self) -> str:
        """Starts a process of that service: no other one goes on with it."""
        named, _, cut = self.service.partition("~")
        roles, _, channel = named.partition("-")
        words = roles.split("+")
        if cut:  # the name was too long, and its last word may have lost its end
            words[-1] = "…"
        text = f"sendwell run {' '.join(words) if self.service else 'all'}"
        return f"{text} --channel {channel}" if channel else text


def of_nobody(left: Iterable[LeftBehind]) -> dict[str, list[LeftBehind]]:
    """What waits for a service that nobody runs, by the command that starts it."""
    found: dict[str, list[LeftBehind]] = {}
    for each in left:
        if not each.is_run:
            found.setdefault(each.command, []).append(each)
    return found
