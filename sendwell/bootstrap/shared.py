"""What services share past their databases: signals and a cache in Redis, where there is one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from sendwell.ports.cache import Cache
from sendwell.ports.clock import Clock
from sendwell.ports.signals import Signals
from sendwell.runtime.cluster.alone import Silence
from sendwell.runtime.process import Process, Worker
from sendwell.settings import Settings, require_driver
from sendwell.telemetry.names import CACHE_OUTAGES

if TYPE_CHECKING:
    from sendwell.adapters.redis.names import Names

_REDIS = ("redis", "rediss")
_ASK = timedelta(milliseconds=100)
"""So long a message waits for the cache at most, before the service itself is asked."""
_TELL = timedelta(seconds=1)
"""So long a change waits at most for all others to hear of it; they do within 5 s anyway."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Neither may be relied upon."""

    signals: Signals
    cache: Cache | None = None


def open_shared(settings: Settings, clock: Clock, process: Process) -> Shared:
    """On the Redis that CACHE_URL names, where roles are apart; on one database that tells all."""
    url = settings.cache
    if settings.is_whole or url.scheme not in _REDIS:
        return Shared(Silence())
    require_driver("CACHE_URL", url)
    from sendwell.adapters.redis.cache import RedisCache
    from sendwell.adapters.redis.link import Link
    from sendwell.adapters.redis.signals import RedisSignals

    def link(within: timedelta, count_outage: Callable[[], object]) -> Link:
        made = Link(url.text, clock=clock, within=within, count_outage=count_outage)
        process.at_close("link to redis", made.close)
        return made

    names = names_in_redis(settings)
    signals = RedisSignals(url.text, link(_TELL, lambda: None), names)
    process.at_close("signals", signals.close)
    process.start(Worker("signals", signals.run))
    return Shared(signals, RedisCache(link(_ASK, CACHE_OUTAGES.inc), names))


def names_in_redis(settings: Settings) -> "Names":
    """By what its services know each other, which no other installation on that Redis has."""
    from sendwell.adapters.redis.names import Names

    secret = (settings.peers.token or settings.secret).encode()
    return Names(blake2b(secret, person=b"sendwell-beside").digest())
