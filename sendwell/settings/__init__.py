"""Everything that can be set, read from the environment and a file into one frozen tree.

The names are all in `table`; every secret may come from a file that `<NAME>_FILE` names. What
is wrong is refused as a whole, with the variable's name and how to write it right.
"""

from sendwell.settings.changes import Differences, differences, reloadable
from sendwell.settings.checks import check_apart, counted_apart, require_driver
from sendwell.settings.read import read_settings
from sendwell.settings.schemes import MEMORY, MYSQL
from sendwell.settings.strange_names import strangers
from sendwell.settings.tree import (
    BUILT_IN_SECRET,
    ROLES,
    BusAuth,
    Credentials,
    LogLevel,
    Origin,
    Peers,
    PresetName,
    RateSettings,
    Servers,
    Settings,
    drops,
)
from sendwell.settings.url import Url, is_loopback

__all__ = [
    "BUILT_IN_SECRET",
    "MEMORY",
    "MYSQL",
    "ROLES",
    "BusAuth",
    "Credentials",
    "Differences",
    "LogLevel",
    "Origin",
    "Peers",
    "PresetName",
    "RateSettings",
    "Servers",
    "Settings",
    "Url",
    "check_apart",
    "counted_apart",
    "differences",
    "drops",
    "is_loopback",
    "read_settings",
    "reloadable",
    "require_driver",
    "strangers",
]
