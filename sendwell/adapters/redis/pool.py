"""Connections to the Redis that a URL names."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError


def pool(url: str, *, connections: int, tries: int = 2) -> BlockingConnectionPool:
    """By `redis://[:password@]host:port/db`, or `rediss://…?ca=/path/of/authority.pem`.

    It waits for ever: whoever asks sets the time.
    """
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if "ca" in options:
        options["ssl_ca_certs"] = options.pop("ca")
    # Once more, at once, on a new connection: Redis has closed the old one, or the server behind it
    # is the primary no longer.
    retry = Retry(NoBackoff(), retries=tries - 1, supported_errors=(Disconnected, ReadOnlyError))
    return BlockingConnectionPool.from_url(
        urlunsplit(parts._replace(query=urlencode(options))),
        max_connections=connections,
        retry=retry,
        timeout=None,
        socket_connect_timeout=None,
        socket_timeout=None,
    )
