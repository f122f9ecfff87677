"""A way to a server that falls silent and closes nothing, as when a host or a router vanishes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

from tests.services.ports import HOST

_READ_BYTES = 65_536
_SLOWLY = 0.2
Hears = Callable[[bytes], bool]
"""What a client says; whether that connection falls silent with it."""


def nothing(_: bytes) -> bool:
    """Silences nobody."""
    return False


class MuteLink:
    """Passes on what it gets, to the server at `target`.

    A connection that has fallen silent never carries anything again, and stays open.
    """

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self.url = ""
        self.silent_before: Hears = nothing
        """The server does not get it any more."""
        self.silent_after: Hears = nothing
        """The server gets it, and its answer is the first thing that is lost."""
        self._wires: set[_Wire] = set()
        self._ways: set[asyncio.Task[None]] = set()

    def fall_silent(self) -> None:
        """Those that are open now. The next one gets through."""
        for wire in self._wires:
            wire.is_mute = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until somebody closes it."""
        wire = _Wire(self)
        self._wires.add(wire)
        answers, server = await asyncio.open_connection(HOST, self._target.port)
        ways = [
            asyncio.create_task(wire.ask(reader, server)),
            asyncio.create_task(wire.answer(answers, writer)),
        ]
        self._ways.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._wires.discard(wire)
        for way in ways:
            way.cancel()
        self._ways.difference_update(ways)
        for end in (writer, server):
            end.close()

    async def end(self) -> None:
        """Nothing is carried any more."""
        while self._ways:
            for way in self._ways:
                way.cancel()
            await asyncio.sleep(0.01)

    def listens_on(self, port: int) -> None:
        """From now on it has a URL."""
        user, _, _ = self._target.netloc.rpartition("@")
        self.url = urlunsplit(self._target._replace(netloc=f"{user}@{HOST}:{port}"))


class _Wire:
    def __init__(self, link: MuteLink) -> None:
        self._link = link
        self.is_mute = False

    async def ask(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(_READ_BYTES):
                self.is_mute = self.is_mute or self._link.silent_before(said)
                if self.is_mute and len(said) == _READ_BYTES:
                    await asyncio.sleep(_SLOWLY)  # buffers fill, as of a host that vanished
                if self.is_mute:
                    continue
                self.is_mute = self._link.silent_after(said)
                server.write(said)

    async def answer(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while said := await reader.read(_READ_BYTES):
                if not self.is_mute:
                    client.write(said)


@asynccontextmanager
async def mute_link(target: str) -> AsyncIterator[MuteLink]:
    """A link that listens."""
    link = MuteLink(target)
    async with await asyncio.start_server(link.carry, HOST, 0) as server:
        link.listens_on(server.sockets[0].getsockname()[1])
        yield link
        await link.end()
