"""Puts on record what a role does that may have its data in another database than the record."""

from collections.abc import Mapping

from sendwell.ports.audit import Audit, Deed
from sendwell.ports.clock import Clock
from sendwell.ports.database import Database
from sendwell.ports.tenants import Caller


class Deeds:
    """The audit log of `database`."""

    def __init__(self, audit: Audit, database: Database, clock: Clock) -> None:
        self._audit = audit
        self._database = database
        self._clock = clock

    async def record(
        self, caller: Caller, action: str, subject: str, details: Mapping[str, str | int]
    ) -> None:
        """It is on record. Called right before the change: then no change is without a record.

        Of people it is told no more than a fingerprint: the log cannot forget them.
        """
        deed = Deed(caller.tenant, caller.actor, action, subject, self._clock.now(), details)
        await self._database.commit(self._audit.recorded(deed))
