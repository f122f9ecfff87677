"""One question, one answer: how a connection is opened and left."""

import asyncio

from sendwell.adapters.smtp.wire import ProtocolError, Reply, Wire


class Dialogue:
    """Listens to a wire while a coroutine asks one thing after the other.

    The relay speaks first, so the first answer (the greeting) is expected from the beginning.
    """

    def __init__(self) -> None:
        self.wire = Wire(self)
        self._answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

    def replied(self, reply: Reply) -> None:
        if self._answer.done():
            self.wire.fail(ProtocolError("it answered what nobody asked"))
        else:
            self._answer.set_result(reply)

    def ended(self, error: OSError) -> None:
        if not self._answer.done():
            self._answer.set_exception(error)
            self._answer.exception()  # Who was to ask may be gone; then nobody minds.

    async def greeting(self) -> Reply:
        """The relay's first words. Raises OSError when the connection ends instead."""
        return await self._answer

    async def ask(self, command: bytes) -> Reply:
        """The answer to one command line. Raises OSError when the connection ends instead,
        ProtocolError when something was said before the question.
        """
        self.wire.refuse_leftovers()
        self._answer = asyncio.get_running_loop().create_future()
        self.wire.write(command + b"\r\n")
        return await self._answer
