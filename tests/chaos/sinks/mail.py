"""A relay that takes every mail for r<recipient>.<serial>@…; knows PIPELINING (RFC 2920)."""

import asyncio
import re
from email.parser import BytesHeaderParser

from tests.chaos.clock import now
from tests.chaos.evidence import Call
from tests.chaos.sinks.sink import Sink

_FINAL_DOT = b"\r\n.\r\n"
_ADDRESS = re.compile(rb"<r(?P<recipient>\d+)\.(?P<serial>\d+)@")
_ANSWERS = {
    b"EHLO": b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n",
    b"HELO": b"250 sink.test\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 2.0.0 bye\r\n",
}
_OK = b"250 2.0.0 ok\r\n"
_TAKEN = b"250 2.0.0 taken\r\n"
_NOT_NOW = b"451 4.3.2 not now\r\n"


class MailSink(Sink):
    """Knows a repetition by its Message-ID, and takes it all the same, as relays do."""

    def address(self, serial: int, recipient: int) -> str:
        """Where one recipient of one request is reached."""
        return f"r{recipient}.{serial}@example.org"

    async def converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connected_at: int
    ) -> None:
        writer.write(b"220 sink.test ESMTP\r\n")
        recipient = b""
        while not writer.is_closing():
            line = await reader.readuntil(b"\r\n")
            verb = line[:4].upper()
            recipient = line if verb == b"RCPT" else recipient
            writer.write(_ANSWERS.get(verb, _OK))
            if verb == b"DATA":
                message = await reader.readuntil(_FINAL_DOT)
                call = _call(recipient, message, connected_at)
                await self.meet(writer, call, answer=_TAKEN, refusal=_NOT_NOW)
            elif verb == b"QUIT":
                break


def _call(recipient: bytes, message: bytes, connected_at: int) -> Call:
    address = _ADDRESS.search(recipient)
    assert address is not None, f"the harness never named {recipient!r}"
    return Call(
        serial=int(address["serial"]),
        part=f"{int(address['recipient'])}.email",
        key=str(BytesHeaderParser().parsebytes(message)["message-id"]),
        connected_at=connected_at,
        at=now(),
        is_taken=False,
    )
