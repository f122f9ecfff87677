"""Which vendors there are: a file each in `providers/<channel>/`, and what others install."""

import pkgutil
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from sendwell import providers
from sendwell.domain.ids import ProviderName
from sendwell.ports.vendor import Vendor

IN_HOUSE = frozenset({"in_app"})
"""Channels that we are the provider of: there is no account to have."""
GROUP = "sendwell.providers"
"""The entry point group by which another distribution adds a vendor: `acme = "acme:VENDOR"`."""


def vendors() -> dict[ProviderName, EntryPoint]:
    """Where every known vendor is, by name. Imports none of them; ours win over installed ones."""
    installed = {ProviderName(entry.name): entry for entry in entry_points(group=GROUP)}
    return installed | {ProviderName(entry.name): entry for entry in _ours()}


def load(entry: EntryPoint) -> Vendor[Any]:
    """The vendor there. Imports its file and what that needs."""
    vendor = entry.load()
    if not isinstance(vendor, Vendor) or vendor.name != entry.name:
        raise TypeError(f"{entry.value} is not the vendor {entry.name}")
    return vendor


def _ours() -> list[EntryPoint]:
    return [
        EntryPoint(found.name, f"{providers.__name__}.{folder.name}.{found.name}:VENDOR", GROUP)
        for folder in pkgutil.iter_modules(providers.__path__)
        if folder.ispkg and folder.name not in IN_HOUSE
        for found in pkgutil.iter_modules([f"{providers.__path__[0]}/{folder.name}"])
    ]
