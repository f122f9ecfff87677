"""What arrives by a bus, whichever stream it came by: sorted, and handed to whom it is for.

Some streams carry more than one kind: a channel's queue may hold our own tasks beside requests of
producers. What we wrote bears our headers; all else is somebody's request.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog

from sendwell.domain.ids import TenantId
from sendwell.domain.presets.naming import WHOLE, Share
from sendwell.messages.requested import Requested
from sendwell.messages.task import Task
from sendwell.messages.wire.headers import AUTHORIZATION
from sendwell.messages.wire.incoming import Incoming
from sendwell.messages.wire.opening import Opening
from sendwell.messages.wire.quarantine import Quarantine
from sendwell.messages.wire.quarantined import Quarantined
from sendwell.messages.wire.reason import Reason
from sendwell.ports.bus import Arrived
from sendwell.ports.clock import Clock
from sendwell.runtime.apart import take_apart
from sendwell.runtime.streams import incoming_of

log = structlog.get_logger()
_SECRETS = frozenset({AUTHORIZATION})
"""Headers that open doors: not kept, not even of what was refused."""


class Came(msgspec.Struct, frozen=True):
    """A message that may be somebody's request, with where it lay."""

    incoming: Incoming
    place: str


Plan = Callable[[Sequence[Requested]], Awaitable[None]]
Deliver = Callable[[Sequence[Task]], Awaitable[None]]
Accept = Callable[[Sequence[Came]], Awaitable[Sequence[Quarantined | None]]]
"""Stores requests; says for each that it cannot take why, and None for all others."""
Keep = Callable[[Sequence[Quarantine]], Awaitable[None]]


class Reception:
    """Takes batches of messages. When `receive` returns, each is stored, as what it is."""

    def __init__(
        self,
        opening: Opening,
        *,
        accept: Accept,
        plan: Plan,
        deliver: Deliver,
        keep: Keep,
        shares: Mapping[str, Share],
        preset: str,
        clock: Clock,
    ) -> None:
        self._opening = opening
        self._accept = accept
        self._plan = plan
        self._deliver = deliver
        self._keep = keep
        self._shares = shares
        self._preset = preset
        self._clock = clock

    async def receive(self, arrived: Sequence[Arrived]) -> None:
        """Take a batch; a message that nobody can handle goes to quarantine, alone."""
        await take_apart(arrived, self._take, self._poisoned)

    async def _poisoned(self, arrived: Arrived, error: Exception) -> None:
        log.error("bus.poisoned", place=arrived.place, exc_info=error)
        text = f"It could not be handled: {type(error).__name__}."
        await self._keep([self._kept(arrived, Quarantined(Reason.REFUSED, text))])

    async def _take(self, arrived: Sequence[Arrived]) -> None:
        opened = [(each, self._opening.open(self._incoming(each))) for each in arrived]
        bad = [self._kept(each, why) for each, why in opened if isinstance(why, Quarantined)]
        if strange := [each for each, found in opened if found is None]:
            verdicts = await self._accept([Came(self._incoming(s), s.place) for s in strange])
            bad += [self._kept(s, why) for s, why in zip(strange, verdicts, strict=True) if why]
        if bad:
            await self._keep(bad)
        if requests := [found for _, found in opened if isinstance(found, Requested)]:
            await self._plan(requests)
        if tasks := [found for _, found in opened if isinstance(found, Task)]:
            await self._deliver(tasks)

    def _incoming(self, arrived: Arrived) -> Incoming:
        return incoming_of(arrived, self._shares.get(arrived.stream.name, WHOLE))

    def _kept(self, arrived: Arrived, why: Quarantined) -> Quarantine:
        return kept(arrived, why, at=self._clock.now(), preset=self._preset)


def kept(arrived: Arrived, why: Quarantined, *, at: int, preset: str) -> Quarantine:
    """What goes to quarantine of a message, byte for byte."""
    return Quarantine(
        stream=arrived.stream.name,
        place=arrived.place,
        reason=why.reason,
        text=why.text,
        pointer=why.pointer,
        body=arrived.body,
        headers={
            name: value for name, value in arrived.headers.items() if name.lower() not in _SECRETS
        },
        at=at,
        tenant=TenantId(why.tenant) if why.tenant else None,
        id=arrived.id,
        key=arrived.key,
        preset=preset,
    )
