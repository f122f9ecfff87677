"""How much the client takes, of its own machine and of others."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes; `connections` in all is kept by closing idle ones, never by waiting.

    `streams` are the answers that are followed, to all hosts; their connections do not count.
    """

    connections_per_host: int = 128
    streams: int = 128
    connections: int = 512
    idle: timedelta = timedelta(seconds=30)
    head_size: int = 64 * 1024
    header_count: int = 256
    body_size: int = 1024 * 1024
