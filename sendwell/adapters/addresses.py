"""The addresses of a name: asked for, and dialled one after the other."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import TypeVar

from sendwell.domain.outbound import Address

Dialled = TypeVar("Dialled")

_PATIENCE = 2.0
"""Seconds for one address while others are left: a dead route must not use up the deadline."""


async def ask_system(name: str) -> Sequence[Address]:
    """What the machine's resolver says. It also reads numbers like 0x7f.1 as addresses."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [ip_address(place[0]) for *_, place in found]


async def dial_in_turn(
    addresses: Sequence[Address],
    dial: Callable[[Address], Awaitable[Dialled]],
    *,
    deadline: float,
) -> Dialled:
    """What `dial` makes of the first of the addresses that takes it, by the loop's time `deadline`.

    The last one has at least half of the time, however many are dead before it. Raises what it
    failed with: OSError, of which ssl.SSLError and TimeoutError are kinds.
    """
    *others, last = addresses
    half = (deadline - asyncio.get_running_loop().time()) / 2
    for address in others:
        try:
            async with asyncio.timeout(min(_PATIENCE, half / len(others))):
                return await dial(address)
        except OSError:
            continue
    async with asyncio.timeout_at(deadline):
        return await dial(last)
