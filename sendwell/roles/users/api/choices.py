"""What a person chooses, as a document that somebody hands in."""

from sendwell.domain.consent import Preferences, parse_preferences
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.named_channels import named_channels
from sendwell.runtime.server.known_channel import flaw_in_channel


def read_choices(value: object) -> Preferences:
    """Preferences from their JSON form. Raises Invalid that points at everything wrong.

    Also at a channel that there is not: to switch it off would stop nothing. What is stored may
    name one nevertheless, from another version.
    """
    chosen = parse_preferences(value)
    flaws = [
        Flaw(pointer, why)
        for pointer, channel in named_channels(chosen).items()
        if (why := flaw_in_channel(channel))
    ]
    if flaws:
        raise Invalid("These preferences name what is not there.", flaws=flaws)
    return chosen
