"""What a person chooses, as a document that somebody hands in."""

from collections.abc import Awaitable, Callable, Collection

from sendwell.domain.consent import Preferences, parse_preferences
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.named_channels import named_channels
from sendwell.roles.users.service.preferences import Choices
from sendwell.runtime.server.known_channel import flaw_in_channel


def read_choices(value: object) -> Preferences:
    """Preferences from their JSON form. Raises Invalid that points at everything wrong.

    Also at a channel that there is not: to switch it off would stop nothing. What is stored may
    name one nevertheless, from another version.
    """
    chosen = parse_preferences(value)
    _refuse(_flaws(chosen))
    return chosen


async def check_choices(value: object, *, stored: Callable[[], Awaitable[Choices]]) -> None:
    """Raises Invalid as `read_choices` does, but not for channels that are stored already.

    What was read can so be put back with a change. What is stored is asked only if it matters.
    """
    chosen = parse_preferences(value)
    if _flaws(chosen):
        before = parse_preferences((await stored()).preferences)
        _refuse(_flaws(chosen, kept=named_channels(before).values()))


def _flaws(chosen: Preferences, *, kept: Collection[str] = ()) -> list[Flaw]:
    return [
        Flaw(pointer, why)
        for pointer, channel in named_channels(chosen).items()
        if channel not in kept and (why := flaw_in_channel(channel))
    ]


def _refuse(flaws: list[Flaw]) -> None:
    if flaws:
        raise Invalid("These preferences name what is not there.", flaws=flaws)
