"""An SMTP server on the loopback that answers as it is told and keeps what it gets."""

import asyncio
import ssl
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from types import TracebackType
from typing import ClassVar, Self, cast

SOON = 5.0
"""Seconds after which something that should happen has failed to."""

EXTENSIONS = ("PIPELINING", "SIZE 1000000", "ENHANCEDSTATUSCODES")


class Trouble(Enum):
    """What a server does instead of answering."""

    HANG_UP = auto()
    SILENCE = auto()
    """From here on."""


Answer = str | Trouble
"""Reply lines without the CRLF at their end, or trouble."""

DEFAULTS = {
    "GREETING": "220 sink.example ESMTP",
    "HELO": "250 sink.example",
    "STARTTLS": "220 2.0.0 Go on",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go on",
    "MESSAGE": "250 2.0.0 Ok: queued as {number}",
    "RSET": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
}


@dataclass(frozen=True, slots=True)
class Received:
    """A mail that was taken."""

    sender: str
    recipients: tuple[str, ...]
    message: bytes
    connection: int
    is_private: bool


@dataclass
class SmtpSink:
    """Runs while its `async with` lasts.

    `answers` maps a verb, or a whole command line, to what is answered to its first uses; after
    that, and for the others, the usual answer follows. GREETING and MESSAGE (the answer to the
    final dot) count as verbs. `users` are the passwords that AUTH accepts.
    """

    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    extensions: Sequence[str] = EXTENSIONS
    tls: ssl.SSLContext | None = None
    is_implicit: bool = False
    users: Mapping[str, str] = field(default_factory=dict)
    slowness: float = 0.0
    """Seconds from a final dot to its answer; what comes behind it waits as well."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    """Every command line, in the order of arrival; a message is the line `MESSAGE`."""
    packets: list[bytes] = field(default_factory=list)
    """What came at once."""
    mails: list[Received] = field(default_factory=list)
    connections: list["_Session"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._script = {key: deque(answers) for key, answers in self.answers.items()}
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Session(self), "127.0.0.1", 0, ssl=self.tls if self.is_implicit else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for session in self.connections:
            session.hang_up()
        await self.until(lambda: not self.open_connections)

    @property
    def open_connections(self) -> list["_Session"]:
        return [session for session in self.connections if not session.is_closed]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for it, and fail when it does not come about soon."""
        async with asyncio.timeout(SOON):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    def note_change(self) -> None:
        self._changed.set()

    def answer(self, verb: str, line: str = "") -> Answer | None:
        """What the script says, and None where it says nothing (any more)."""
        queue = self._script.get(line) or self._script.get(verb)
        return queue.popleft() if queue else None

    def capabilities(self, *, is_private: bool) -> str:
        offered = ["sink.example", *self.extensions]
        if self.tls and not is_private:
            offered.append("STARTTLS")
        if self.users and not any(word.startswith("AUTH") for word in offered):
            offered.append("AUTH PLAIN LOGIN")
        return "\r\n".join([*(f"250-{word}" for word in offered[:-1]), f"250 {offered[-1]}"])


class _Session(asyncio.Protocol):
    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._rest = b""
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._is_message = False
        self._secrets: list[str] | None = None
        self._is_in_handshake = False
        self._is_busy = False
        self._is_silent = False
        self.is_private = sink.is_implicit
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._sink.connections.append(self)
        self._sink.note_change()
        self._say("GREETING")

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self._sink.note_change()

    def hang_up(self) -> None:
        self._transport.abort()

    def say(self, line: str) -> None:
        """Say something that nobody asked for."""
        self._transport.write(line.encode() + b"\r\n")

    def data_received(self, data: bytes) -> None:
        self._sink.packets.append(data)
        self._rest += data
        self._take_all()

    def _take_all(self) -> None:
        while not (self._is_in_handshake or self._is_busy) and self._take():
            pass
        self._sink.note_change()

    def _take(self) -> bool:
        """Take the next complete thing that has come, if there is one."""
        take: Callable[[bytes], None]
        if self._is_message:
            # The line before the message ended in CRLF, which may be half of its end.
            taken, end, rest = (b"\r\n" + self._rest).partition(b"\r\n.\r\n")
            take = self._take_message
        else:
            taken, end, rest = self._rest.partition(b"\r\n")
            take = self._take_line
        if end:
            self._rest = rest
            take(taken)
        return bool(end)

    def _take_line(self, words: bytes) -> None:
        line = words.decode()
        self._sink.lines.append(line)
        if self._secrets is None:
            verb = line.partition(" ")[0].upper()
            self._COMMANDS[verb](self, line)
        else:
            self._take_secret(self._secrets, line)

    def _take_message(self, stuffed: bytes) -> None:
        self._is_message = False
        self._sink.lines.append("MESSAGE")
        if self._sink.slowness:
            self._is_busy = True
            loop = asyncio.get_running_loop()
            loop.call_later(self._sink.slowness, self._answer_late, stuffed)
        else:
            self._answer_message(stuffed)

    def _answer_late(self, stuffed: bytes) -> None:
        """A mail is taken, also from one that is gone by now."""
        self._is_busy = False
        self._answer_message(stuffed)
        self._take_all()

    def _answer_message(self, stuffed: bytes) -> None:
        number = len(self._sink.mails) + 1
        if self._say("MESSAGE", usual=DEFAULTS["MESSAGE"].format(number=number)):
            message = (stuffed + b"\r\n").replace(b"\r\n..", b"\r\n.").removeprefix(b"\r\n")
            connection = self._sink.connections.index(self)
            recipients = tuple(self._recipients)
            self._sink.mails.append(
                Received(self._sender or "", recipients, message, connection, self.is_private)
            )
        self._forget()

    def _ehlo(self, _: str) -> None:
        self._say("EHLO", usual=self._sink.capabilities(is_private=self.is_private))

    def _starttls(self, _: str) -> None:
        if self._say("STARTTLS") and self._sink.tls:
            self._transport.pause_reading()
            self._is_in_handshake = True
            self._handshake = asyncio.ensure_future(self._secure(self._sink.tls))

    def _mail(self, line: str) -> None:
        usual = None if self._sender is None else "503 5.5.1 Nested MAIL command"
        if self._say("MAIL", line=line, usual=usual):
            self._sender, self._recipients = _path(line), []

    def _rcpt(self, line: str) -> None:
        if self._say("RCPT", line=line):
            self._recipients.append(_path(line))

    def _data(self, _: str) -> None:
        usual = None if self._recipients else "554 5.5.1 No valid recipients"
        self._is_message = self._say("DATA", usual=usual)

    def _rset(self, _: str) -> None:
        self._say("RSET")
        self._forget()

    def _forget(self) -> None:
        """The transaction is over."""
        self._sender, self._recipients = None, []

    def _quit(self, _: str) -> None:
        self._say("QUIT")
        self._transport.close()

    def _auth(self, line: str) -> None:
        _, mechanism, *initial = line.split()
        if mechanism == "PLAIN":
            _, *secrets = b64decode(initial[0]).decode().split("\0")
            self._judge(secrets)
        elif self._say("AUTH", usual="334 VXNlcm5hbWU6"):
            self._secrets = []

    def _take_secret(self, secrets: list[str], line: str) -> None:
        secrets.append(b64decode(line).decode())
        if len(secrets) == len(("username", "password")):
            self._secrets = None
            self._judge(secrets)
        else:
            self.say("334 UGFzc3dvcmQ6")

    def _judge(self, secrets: list[str]) -> None:
        username, password = secrets
        is_right = self._sink.users.get(username) == password
        usual = "235 2.7.0 Welcome" if is_right else "535 5.7.8 Authentication failed"
        self._say("AUTH", usual=usual)

    _COMMANDS: ClassVar = {
        "EHLO": _ehlo, "HELO": lambda self, _: self._say("HELO"), "STARTTLS": _starttls,
        "AUTH": _auth, "MAIL": _mail, "RCPT": _rcpt, "DATA": _data,
        "RSET": _rset, "QUIT": _quit,
    }  # fmt: skip

    async def _secure(self, tls: ssl.SSLContext) -> None:
        """Go over to TLS. What comes in before the new transport is known has to wait."""
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, tls, server_side=True)
        except OSError:
            transport = None
        if transport is None or transport.is_closing():
            self.connection_lost(None)
            return
        self._transport = transport
        self.is_private = True
        self._is_in_handshake = False
        self._take_all()

    def _say(self, verb: str, *, line: str = "", usual: str | None = None) -> bool:
        """Answer; gives whether the answer was a yes."""
        answer = self._sink.answer(verb, line) or usual or DEFAULTS[verb]
        if answer is Trouble.HANG_UP:
            self._transport.close()
        elif answer is Trouble.SILENCE:
            self._is_silent = True
        elif not self._is_silent:
            self._transport.write(answer.encode() + b"\r\n")
            return answer[0] in "23"
        return False


def _path(line: str) -> str:
    return line[line.index("<") + 1 : line.index(">")]
