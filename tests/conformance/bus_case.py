"""What an adapter of the Bus port states about itself, so that its suite can be run over it."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sendwell.ports.bus import Bus, Stream
from tests.services.servers import Server

Makes = Callable[[], Bus]
"""Gives a bus as a process of its own would have it: all of them share one broker."""

Opens = Callable[[Server], AbstractAsyncContextManager[Makes]]
"""Whatever is to be set up on the server before, and cleared away after, the buses of one test.

The suite closes the buses and gives each test streams and groups with names of their own. While
the broker is away, `publish` of these buses must give up within `bus_house.PATIENCE`.
"""

SendsBare = Callable[[Server, Stream, bytes], Awaitable[None]]
"""Publishes a body as a stranger would: with no id, no key and no headers."""


@dataclass(frozen=True, slots=True)
class BusCase:
    """One adapter on one kind of server."""

    name: str
    server: str
    """The name that tests/services/ knows it by: for `needs`, and its fixture `<name>_server`."""
    opens: Opens
    too_large_bytes: int
    """A body of this size the broker never takes."""
    sends_bare: SendsBare | None = None
    """None where nobody else can publish."""
