"""What one process has changed, told to those that remember it as it was."""

from collections.abc import Callable

import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.ids import TenantId
from sendwell.ports.database import Database, Unit
from sendwell.ports.signals import Signals, meant_by, word_of
from sendwell.runtime.cluster.alone import Silence

log = structlog.get_logger()

Changed = Callable[[TenantId, str], None]


class News:
    """The signals of one topic; each is about one thing of a tenant.

    All processes that the signals reach hear them, this one too. `database` is where `tell` commits
    a signal's writes by themselves, for a change that is on disk already, or in another database.
    """

    def __init__(
        self, topic: str, signals: Signals | None = None, *, database: Database | None = None
    ) -> None:
        self._topic = topic
        self._signals = signals or Silence()
        self._database = database

    def told(self, tenant: TenantId, *things: str) -> Unit:
        """The writes that tell it, for the unit that makes the change; then `announce` it."""
        return self._signals.told(self._topic, [word_of(tenant, thing) for thing in things])

    async def announce(self, tenant: TenantId, *things: str) -> None:
        """After the commit, tell it also by a way that is no part of the transaction (Redis).

        Raises nothing: whoever does not hear it looks again a few seconds later.
        """
        try:
            await self._signals.tell(self._topic, [word_of(tenant, thing) for thing in things])
        except Unavailable as error:
            log.warning("news.not_told", topic=self._topic, error=error.message)

    async def tell(self, tenant: TenantId, *things: str) -> None:
        """Tell everybody what another database, or a unit before, has changed. Raises nothing."""
        unit = self.told(tenant, *things)
        if unit and self._database is not None:
            try:
                await self._database.commit(unit)
            except Unavailable as error:
                log.warning("news.not_told", topic=self._topic, error=error.message)
        await self.announce(tenant, *things)

    def listen(self, changed: Changed, missed: Callable[[], None]) -> None:
        """From now on one of them is called: `missed` where anything may have changed."""

        def heard(word: str | None) -> None:
            if word is None:
                missed()
            else:
                changed(*meant_by(word))

        self._signals.listen(self._topic, heard)
