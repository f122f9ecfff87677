"""Which of the configured accounts are at what kind of vendor."""

from collections.abc import Callable, Iterator, Sequence
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
    return frozenset(each.name for each, vendor in _known(credentials) if fits(vendor))


def reporting(credentials: Sequence[Credentials]) -> frozenset[str]:
    """The accounts that say later what became of a message, by their names in history."""
    known = _known(credentials)
    return frozenset(each.name for each, vendor in known if vendor.sends_receipts(each.json))


def _known(credentials: Sequence[Credentials]) -> Iterator[tuple[Credentials, Vendor[Any]]]:
    known = vendors()
    for each in credentials:
        if entry := known.get(ProviderName(each.vendor)):
            yield each, load(entry)
