"""Who changes something, and the audit log on which that is written."""

from collections.abc import Sequence
from typing import NamedTuple

from sendwell.domain.fingerprint import pseudonym
from sendwell.domain.ids import TenantId, UserId
from sendwell.ports.audit import Audit, Deed
from sendwell.ports.database import Unit


class Author(NamedTuple):
    """Somebody who changes something at that time (microseconds).

    What they did goes on record in the transaction of the change, and only there is known what it
    was. No value is told, and of people no more than their fingerprint: the log forgets nothing.
    """

    actor: str
    at: int
    audit: Audit

    def changed(
        self,
        action: str,
        tenant: TenantId,
        user: UserId,
        fields: Sequence[str] = (),
        **details: str | int,
    ) -> Unit:
        """The writes that put on record what they did to a person, to those of their fields."""
        told = {"fields": ",".join(fields)} if fields else {}
        return self.did(action, tenant, pseudonym(tenant, user), **told, **details)

    def did(self, action: str, tenant: TenantId, subject: str, **details: str | int) -> Unit:
        """The same for anything else."""
        return self.audit.recorded(Deed(tenant, self.actor, action, subject, self.at, details))
