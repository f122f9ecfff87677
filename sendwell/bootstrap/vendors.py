"""Which of the configured accounts are at what kind of vendor."""

from collections.abc import Callable, Sequence
from typing import Any

from sendwell.domain.ids import ProviderName
from sendwell.ports.vendor import Vendor
from sendwell.providers.discovery import load, vendors
from sendwell.settings import Credentials


def accounts_at(
    credentials: Sequence[Credentials], fits: Callable[[Vendor[Any]], bool]
) -> frozenset[str]:
    """The accounts at vendors that fit, by their names in history. Vendors that nobody knows are
    left out: `build_providers` refuses them.
    """
    known = vendors()
    return frozenset(
        each.name
        for each in credentials
        if (entry := known.get(ProviderName(each.vendor))) and fits(load(entry))
    )
