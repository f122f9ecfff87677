"""What another service has answered, for as long as it may be taken for true."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from sendwell.adapters.peers.memory import Memory
from sendwell.adapters.peers.packed import Packed
from sendwell.adapters.peers.peer import CutShort
from sendwell.domain.ids import TenantId
from sendwell.ports.cache import Cache
from sendwell.ports.clock import Clock
from sendwell.ports.directory import ALL_TENANTS
from sendwell.ports.signals import word_of

V = TypeVar("V")
Ask = Callable[[Sequence[str]], Awaitable[Mapping[str, V]]]
"""Asks for things, at least one; what the answer leaves out is not remembered."""
Count = Callable[[str, str, int], object]
"""Told what was looked for, who knew it (`memory`, `cache` or `service`), and of how many."""

CHANGING = timedelta(seconds=4)
"""Changes reach queued work within 5 s, whatever is away (docs/decisions/0015)."""
_AT_ONCE = 1_000
"""Asked for by one question: many people's answer has to come in time, and to fit."""
_SHARED = timedelta(seconds=3)
"""For so much of that time it stands in the cache, and for the rest with whoever found it there."""


@dataclass(frozen=True, slots=True)
class Means:
    """What answers are remembered by: a clock, and the cache that services share, if there is one.

    With `cache`, whoever changes something tells it by signals, and they are heard here.
    """

    clock: Clock
    cache: Cache | None = None
    count: Count = lambda _what, _who, _many: None


class Answers(Generic[V]):
    """Looked for in this process, then in the cache that services share, then asked for.

    Nothing is given that is older than `lasts`, counted from when it was asked for: it stands in
    the shared cache for a part of that time, and what is found there is remembered here for the
    rest. So the time holds whatever the cache has lost, and whoever could not tell of a change.
    `doubt` makes a change known at once: for as long a time the thing is asked for, whoever else
    remembers it, and the answer is not remembered, for it may have been on its way.
    """

    def __init__(
        self,
        topic: str,
        about: str,
        shape: object,
        means: Means,
        *,
        lasts: timedelta = CHANGING,
        shared_for: timedelta = _SHARED,
        mark: str | None = None,
        most: int = 10_000,
    ) -> None:
        """`topic` is that of the signals; `mark` the thing whose change puts all of these in doubt.

        `shared_for`: for how long the shared cache has them; `most` is of this process alone.
        """
        self._topic, self._about, self._mark = topic, about, mark
        self._lasts, self._shared_for = lasts, shared_for
        self._clock, self._cache, self._count = means.clock, means.cache, means.count
        self._packed: Packed[V] | None = Packed(shape) if means.cache else None
        self._doubts_all_until = 0.0
        self._doubts_some_until = 0.0
        self._memory: Memory[tuple[TenantId, str], V] = Memory(
            means.clock, seconds=lasts.total_seconds(), most=most
        )

    async def of(self, tenant: TenantId, things: Collection[str], ask: Ask[V]) -> dict[str, V]:
        """What is known of each thing; raises what `ask` raises."""
        found = self._remembered(tenant, things)
        missing = [thing for thing in things if thing not in found]
        for start in range(0, len(missing), _AT_ONCE):
            portion = missing[start : start + _AT_ONCE]
            shared = await self._shared(tenant, portion)
            found |= shared
            if unknown := [thing for thing in portion if thing not in shared]:
                found |= await self._asked(tenant, unknown, ask)
        return found

    async def learn(self, tenant: TenantId, answers: Mapping[str, V], *, asked_at: float) -> None:
        """Remember what was asked for at that time."""
        age = timedelta(seconds=self._clock.elapsed() - asked_at)
        self._remember(tenant, answers, self._lasts - age)
        if self._cache is None or self._packed is None:
            return
        packed = {word_of(tenant, each): self._packed.pack(answers[each]) for each in answers}
        await self._cache.keep(self._topic, packed, lasts=self._shared_for - age)

    def doubt(self, tenant: TenantId, thing: str) -> None:
        """It has changed, or, by the mark, all of the tenant's have."""
        self._memory.doubt((tenant, thing))

    def doubt_everywhere(self, thing: str) -> None:
        """It has changed for every tenant."""
        self._doubts_some_until = self._clock.elapsed() + self._lasts.total_seconds()
        self.doubt(ALL_TENANTS, thing)

    def doubt_all(self) -> None:
        """Anything may have changed."""
        self._doubts_all_until = self._clock.elapsed() + self._lasts.total_seconds()
        self._memory.forget_all()

    def _remembered(self, tenant: TenantId, things: Iterable[str]) -> dict[str, V]:
        if self._doubts_all(tenant):
            return {}
        known = {thing: self._memory.find((tenant, thing)) for thing in self._believed(things)}
        found = {thing: each[0] for thing, each in known.items() if each is not None}
        if found:
            self._count(self._about, "memory", len(found))
        return found

    async def _asked(self, tenant: TenantId, things: Sequence[str], ask: Ask[V]) -> Mapping[str, V]:
        asked_at = self._clock.elapsed()
        try:
            answers = await ask(things)
        except CutShort:
            if len(things) == 1:
                raise
            half = len(things) // 2
            return {
                **await self._asked(tenant, things[:half], ask),
                **await self._asked(tenant, things[half:], ask),
            }
        await self.learn(tenant, answers, asked_at=asked_at)
        self._count(self._about, "service", len(things))
        return answers

    async def _shared(self, tenant: TenantId, things: Iterable[str]) -> dict[str, V]:
        if self._cache is None or self._packed is None or self._doubts_all(tenant):
            return {}
        believed = [
            thing for thing in self._believed(things) if not self._memory.doubts((tenant, thing))
        ]
        if not believed:
            return {}
        mark = None if self._mark is None else word_of(tenant, self._mark)
        words = [word_of(tenant, thing) for thing in believed]
        values = await self._cache.find(self._topic, words, unless=mark)
        found = {
            thing: each[0]
            for thing, value in zip(believed, values, strict=True)
            if value is not None and (each := self._packed.unpack(value)) is not None
        }
        self._remember(tenant, found, self._lasts - self._shared_for)
        if found:
            self._count(self._about, "cache", len(found))
        return found

    def _remember(self, tenant: TenantId, answers: Mapping[str, V], lasts: timedelta) -> None:
        if self._doubts_all(tenant):
            return
        for thing in self._believed(answers):
            self._memory.keep((tenant, thing), answers[thing], seconds=lasts.total_seconds())

    def _believed(self, things: Iterable[str]) -> Iterable[str]:
        """Without what has changed for every tenant."""
        if self._clock.elapsed() >= self._doubts_some_until:
            return things
        return [thing for thing in things if not self._memory.doubts((ALL_TENANTS, thing))]

    def _doubts_all(self, tenant: TenantId) -> bool:
        if self._clock.elapsed() < self._doubts_all_until:
            return True
        return self._mark is not None and self._memory.doubts((tenant, self._mark))
