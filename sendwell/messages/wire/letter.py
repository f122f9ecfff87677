"""`Letter`: a message ready to be published."""

from collections.abc import Mapping
from dataclasses import dataclass

from sendwell.domain.ids import TenantId
from sendwell.domain.presets.naming import PhysicalName
from sendwell.domain.presets.preset import Partition
from sendwell.messages.requested import To


@dataclass(frozen=True, slots=True)
class Letter:
    """Where it goes, what it is called (`id`: the same again is the same letter), what it stays in
    order with (`key`), and what it says.
    """

    stream: PhysicalName
    id: str
    key: str
    body: bytes
    headers: Mapping[str, str]


def key_of(partition: Partition, tenant: TenantId, to: To) -> str:
    """What a letter stays in order with: its tenant, or its recipient within the tenant."""
    if partition is Partition.TENANT:
        return tenant
    who = to.user_id or to.email or to.phone or to.token or to.url
    return f"{tenant}/{who}" if who else tenant
