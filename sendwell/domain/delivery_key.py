"""What a delivery is called in the whole world: vendors get it, and hand it back in receipts."""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple, Self

from sendwell.domain.ids import NotificationId, Part, TenantId

_MADE_HERE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUIDv7 (RFC 9562, section 5.7), as Sendwell writes it."""
_BEHIND_ID = "~"
"""In no id, and free of meaning in a Message-ID, a header and a URL."""
_MARK_BYTES = 8


class DeliveryKey(NamedTuple):
    """The name of a delivery, the same over all attempts.

    An id that Sendwell has made is unique by itself. One in a producer's own words is unique within
    its tenant only, so the tenant's `mark` stands behind it: `order-7~302657b33c4da281.0.email`.
    """

    notification: NotificationId
    part: str
    mark: str | None = None

    @classmethod
    def of(cls, tenant: TenantId, notification: NotificationId, part: Part | str) -> Self:
        """The key of that delivery."""
        mark = None if _MADE_HERE.fullmatch(notification) else _mark_of(tenant)
        return cls(notification, str(part), mark)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that `str` wrote. Raises ValueError for anything else."""
        name, _, part = text.partition(".")
        notification, _, mark = name.partition(_BEHIND_ID)
        if not notification:
            raise ValueError(f"not a delivery's key: {text!r}")
        return cls(NotificationId(notification), str(Part.parse(part)), mark or None)

    def __str__(self) -> str:
        mark = f"{_BEHIND_ID}{self.mark}" if self.mark else ""
        return f"{self.notification}{mark}.{self.part}"

    def may_be_of(self, tenant: TenantId) -> bool:
        """Whether that tenant's delivery may have it: one without a mark says nothing of whose it
        is, as all did that were sent by earlier versions.
        """
        return self.mark in {None, _mark_of(tenant)}


@lru_cache(maxsize=4_096)
def _mark_of(tenant: TenantId) -> str:
    """Not the tenant's id: recipients see it."""
    return blake2b(tenant.encode(), digest_size=_MARK_BYTES).hexdigest()
