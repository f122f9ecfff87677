"""Something that lasts is told when it begins and when it is over, not each time it is met."""

import structlog

log = structlog.get_logger()


class Outage:
    """What is away right now, told under the two names by whoever needs it.

    Who is asked for something by the thousand would say a thousand times a minute that it cannot
    be done; who reads the log at night wants to know since when, why, and whether it is over.
    """

    def __init__(self, begins: str, ends: str, **about: str) -> None:
        self._begins = begins
        self._ends = ends
        self._about = about
        self._why: str | None = None

    @property
    def is_on(self) -> bool:
        """Whether it was away when it was last tried."""
        return self._why is not None

    def lasts(self, why: str) -> None:
        """It is away, or still is; told where that, or the reason, is new."""
        if why != self._why:
            self._why = why
            log.warning(self._begins, **self._about, why=why)

    def is_over(self) -> None:
        """It works, or works again."""
        if self._why is not None:
            self._why = None
            log.info(self._ends, **self._about)
