"""Ports that stay ours while a server is down."""

import os
import random
import socket
from collections.abc import Mapping
from contextlib import suppress

HOST = "127.0.0.1"
_ALL = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback that nobody listens on.

    They lie below those that the system hands out for outgoing connections: such a connection would
    keep a killed server from coming back to its port. No two workers of pytest-xdist draw the same
    ones, so that nobody is given what another is about to listen on, or has been killed on.
    """
    found: list[int] = []
    ours = _ours(os.environ)
    for port in random.SystemRandom().sample(ours, len(ours)):
        if len(found) == count:
            break
        with suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, port))
            found.append(port)
    return found


def _ours(environment: Mapping[str, str]) -> range:
    """Those that this process may draw from."""
    worker = int(environment.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(environment.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return _ALL[worker::workers]


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with suppress(ConnectionRefusedError), socket.create_connection((HOST, port), timeout=5):
        return True
    return False
