"""Ports that stay ours while a server is down."""

import random
import socket
from contextlib import suppress

HOST = "127.0.0.1"
_OURS = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback that nobody listens on.

    They lie below those that the system hands out for outgoing connections: such a connection would
    keep a killed server from coming back to its port.
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(_OURS, len(_OURS)):
        if len(found) == count:
            break
        with suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, port))
            found.append(port)
    return found


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with suppress(ConnectionRefusedError), socket.create_connection((HOST, port), timeout=5):
        return True
    return False
