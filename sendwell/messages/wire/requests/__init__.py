"""The contracts: how each preset's producers write a request; one file each."""

from collections.abc import Mapping
from typing import Any

from sendwell.messages.wire.contract import Contract
from sendwell.messages.wire.requests import direct, intents, plain, tenant

CONTRACTS: Mapping[str, Contract[Any]] = {
    "plain": plain.CONTRACT,
    "tenant": tenant.CONTRACT,
    "intents": intents.CONTRACT,
    "lanes": plain.CONTRACT,  # its fields are some of ours, with the same meaning
    "direct": direct.CONTRACT,
}
"""The contract of each preset."""
