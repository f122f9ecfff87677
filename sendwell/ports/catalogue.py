"""What the flow asks the templates role."""

from collections.abc import Collection
from typing import Protocol

from sendwell.domain.errors import Flaw
from sendwell.domain.ids import ChannelName, TenantId
from sendwell.domain.template import TemplateVersion


class Catalogue(Protocol):
    """Published templates, read-only. Versions are immutable and may be cached for good."""

    async def version(
        self, tenant: TenantId, code: str, version: int | None
    ) -> TemplateVersion | None:
        """That version, or the published one where `version` is None; None when there is none."""
        ...

    def flaws(
        self, version: TemplateVersion, data: bytes, channels: Collection[ChannelName]
    ) -> list[Flaw]:
        """What the data, a JSON object, lacks for these channels (all, when empty) of a version.

        A variable that is not there is `missing …` with the pointer /data/<name>; what the data's
        JSON Schema refuses has the pointer of the value, and so has what would end the line of a
        subject. Never waits: it is asked at each intake.
        """
        ...
