"""A session of PostgreSQL that notices when nobody is at the other end any more.

A host or a router that vanishes says nothing: without this a statement waits for its answer as long
as TCP sends it again, and for ever once it has arrived. What takes long is not cut by it.
"""

import socket
from typing import Any

import asyncpg

_OPTIONS = {
    "SO_KEEPALIVE": (socket.SOL_SOCKET, 1),
    "TCP_KEEPIDLE": (socket.IPPROTO_TCP, 4),
    "TCP_KEEPINTVL": (socket.IPPROTO_TCP, 2),
    "TCP_KEEPCNT": (socket.IPPROTO_TCP, 2),
    "TCP_USER_TIMEOUT": (socket.IPPROTO_TCP, 8_000),
}
"""Each where the system has it; seconds, but the last is milliseconds: after 8 s it is over."""


class WatchedSession(asyncpg.Connection):  # type: ignore[misc]
    """See the module."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, *further: Any) -> None:
        super().__init__(protocol, transport, *further)
        _watch(transport.get_extra_info("socket"))


def _watch(link: socket.socket | None) -> None:
    """The system asks the other end while it is silent, and ends the connection without answer."""
    if link is None or link.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    for name, (level, value) in _OPTIONS.items():
        if (option := getattr(socket, name, None)) is not None:
            link.setsockopt(level, option, value)
