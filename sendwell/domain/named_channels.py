"""The channels that choices name, each with the place where it stands in their JSON form."""

from collections.abc import Mapping

from sendwell.domain.consent import EVERY, Preferences
from sendwell.domain.pointer import pointer_to


def named_channels(preferences: Preferences) -> Mapping[str, str]:
    """By JSON Pointer, what was given as a channel; whether there is one is for others to say."""
    switches = preferences.opted_out | preferences.opted_in
    named = {pointer_to("channels", channel): channel for channel, _ in sorted(switches)}
    for topic, by_channel in preferences.topics.items():
        for channel in by_channel:
            named[pointer_to("topics", topic, "channels", channel)] = channel
    named |= {f"/order/{place}": channel for place, channel in enumerate(preferences.order)}
    return {pointer: channel for pointer, channel in named.items() if channel != EVERY}
