"""Addresses that a provider has refused for good, on their way to the list of the users role.

An address is on the list before its delivery is on record: else one that we die with between the
two would never get there. So such a delivery waits for the users role, which may be elsewhere and
away; in its own line, for no other delivery is to wait with it. On disk it is still in our hands:
when we die meanwhile, the next process finds that nobody knows what came of it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import msgspec
import structlog

from sendwell.domain.errors import Unavailable
from sendwell.domain.outcome import Blame, Refused
from sendwell.domain.pauses import Pauses
from sendwell.domain.suppression import Source, reason_of
from sendwell.ports.suppressions import Suppressions
from sendwell.roles.delivery.events import Event, Sent

log = structlog.get_logger()
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0


class Bounces:
    """Takes them in, and hands each to `settle` once its address is on the list."""

    def __init__(
        self, suppressions: Suppressions, *, settle: Callable[[Sequence[Event]], None]
    ) -> None:
        self._suppressions = suppressions
        self._settle = settle
        self._waiting: deque[tuple[Sent, Source]] = deque()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, event: Sent) -> bool:
        """Whether it has to wait here; what is handed to `settle` does not wait again."""
        match event.outcome:
            case Refused(fault) if fault.blame is Blame.ADDRESS and event.address is not None:
                self._waiting.append((event, fault.said_by or Source.GONE))
                self._arrived.set()
                return True
        return False

    async def run(self) -> None:
        """Put addresses on the list, for ever."""
        pauses = Pauses(_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
        while True:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            try:
                await self._suppress(*self._waiting[0])
            except Unavailable as error:
                log.warning(
                    "delivery.bounces_wait", deliveries=len(self._waiting), error=error.message
                )
                await asyncio.sleep(pauses.take())
            else:
                pauses.reset()
                event, _ = self._waiting.popleft()
                self._settle([msgspec.structs.replace(event, address=None)])

    async def _suppress(self, event: Sent, source: Source) -> None:
        """Raises Unavailable; an address that the list will never take is left as it is."""
        request = event.task.request
        try:
            await self._suppressions.suppress(
                request.tenant,
                event.task.channel,
                address=event.address or "",
                reason=reason_of(source),
                at=event.at,
                source=source,
            )
        except Unavailable:
            raise
        except Exception:
            log.exception("delivery.not_suppressed", notification=request.id, part=event.task.part)
