"""Something that lasts is told when it begins and when it is over, not each time it is met."""

from time import monotonic

import structlog

log = structlog.get_logger()
_QUIET_SECONDS = 60.0


class Outage:
    """What is away right now, told under the two names by whoever needs it.

    Who is asked for something by the thousand would say a thousand times a minute that it cannot
    be done; who reads the log at night wants to know since when, why, and whether it is over. What
    fails now and then, as one question of many does, is told once a minute.
    """

    def __init__(self, begins: str, ends: str, **about: str) -> None:
        self._begins = begins
        self._ends = ends
        self._about = about
        self._told: str | None = None
        self._told_at = 0.0
        self._is_told = False
        self.is_on = False
        """Whether it was away when it was last tried."""

    def lasts(self, why: str) -> None:
        """It is away, or still is; told where that, or the reason, is new."""
        self.is_on = True
        is_known = self._is_told or monotonic() - self._told_at < _QUIET_SECONDS
        if why != self._told or not is_known:
            self._told, self._told_at, self._is_told = why, monotonic(), True
            log.warning(self._begins, **self._about, why=why)

    def is_over(self) -> None:
        """It works, or works again."""
        self.is_on = False
        if self._is_told:
            self._is_told = False
            log.info(self._ends, **self._about)
