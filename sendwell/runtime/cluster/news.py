"""What one process has changed, told to those that remember it as it was."""

from collections.abc import Callable

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.ports.database import Database, Unit
from sendwell.ports.signals import Signals
from sendwell.runtime.cluster.alone import Silence

log = structlog.get_logger()
_BETWEEN = "\n"
"""No tenant's id has one."""

Changed = Callable[[TenantId, str], None]


class News:
    """The signals of one topic; each is about one thing of a tenant.

    All processes on `database` hear them, this one too; none without a database.
    """

    def __init__(
        self, topic: str, signals: Signals | None = None, *, database: Database | None = None
    ) -> None:
        self._topic = topic
        self._signals = signals or Silence()
        self._database = database

    def told(self, tenant: TenantId, *things: str) -> Unit:
        """The writes that tell it, for the unit that makes the change."""
        return self._signals.told(self._topic, [f"{tenant}{_BETWEEN}{thing}" for thing in things])

    async def tell(self, tenant: TenantId, *things: str) -> None:
        """Tell what another database, or a unit before, has changed.

        Raises nothing: whoever does not hear it looks again a few seconds later.
        """
        unit = self.told(tenant, *things)
        if not unit or self._database is None:
            return
        try:
            await self._database.commit(unit)
        except Unavailable as error:
            log.warning("news.not_told", topic=self._topic, error=error.message)

    def listen(self, changed: Changed, missed: Callable[[], None]) -> None:
        """From now on one of them is called: `missed` where anything may have changed."""

        def heard(word: str | None) -> None:
            if word is None:
                missed()
                return
            tenant, _, thing = word.partition(_BETWEEN)
            changed(TenantId(tenant), thing)

        self._signals.listen(self._topic, heard)
