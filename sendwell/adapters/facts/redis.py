"""What a Redis tells about itself, for the doctor."""

import time
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from sendwell.domain.errors import Unavailable

_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """How a Redis is at this moment."""

    version: str
    latency_ms: float
    """Of one question."""
    role: str
    """`master`, or `slave` for a replica."""
    is_cluster: bool
    """Whether it is a node of a Redis Cluster."""
    policy: str
    """What it does when its memory is full."""
    most_bytes: int
    """0: as much as there is."""
    used_bytes: int


async def look_at_redis(url: str) -> RedisFacts:
    """Ask for all of it. Raises Unavailable, saying why in the server's or the driver's words."""
    try:
        connection = Redis.from_url(
            _for_driver(url),
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
        async with connection:
            await connection.ping()  # connects
            start = time.perf_counter()
            await connection.ping()
            latency_ms = (time.perf_counter() - start) * 1e3
            said = await connection.info()
    except (RedisError, OSError, ValueError) as error:
        raise Unavailable(str(error) or type(error).__name__) from error
    return RedisFacts(
        version=said["redis_version"],
        latency_ms=latency_ms,
        role=said["role"],
        is_cluster=bool(said.get("cluster_enabled")),
        policy=said["maxmemory_policy"],
        most_bytes=said["maxmemory"],
        used_bytes=said["used_memory"],
    )


def _for_driver(url: str) -> str:
    """Our `ca` is the driver's `ssl_ca_certs`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if "ca" in options:
        options["ssl_ca_certs"] = options.pop("ca")
    return urlunsplit(parts._replace(query=urlencode(options)))
