"""The channels: one file each, which states the channel's address rule, content and defaults."""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from sendwell.domain.channel import Channel
from sendwell.domain.ids import ChannelName


@cache
def all_channels() -> Mapping[ChannelName, Channel]:
    """Every channel there is, by name. Found by walking this folder: a new file is enough.

    Each file holds one `CHANNEL`, named like the file.
    """
    files = (import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__))
    channels: tuple[Channel, ...] = tuple(file.CHANNEL for file in files)
    return MappingProxyType({channel.name: channel for channel in channels})
