"""Replies out of bytes, whoever sends them."""

import asyncio

import pytest

from sendwell.adapters.smtp.wire import ProtocolError, Reply, Wire

LONGEST = 64 * 1024


class Socket(asyncio.Transport):
    """Where the relay's bytes come from, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


class Heard:
    """What a wire has told."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.error: OSError | None = None
        self.socket = Socket()
        self.wire = Wire(self)
        self.wire.connection_made(self.socket)

    def replied(self, reply: Reply) -> None:
        self.replies.append(reply)

    def ended(self, error: OSError) -> None:
        self.error = error


@pytest.mark.parametrize("line", [b"250-\n", b"250-\r\n", b"250-" + b"x" * 500 + b"\r\n"])
@pytest.mark.parametrize("lines_at_once", [1, 1_000])
def test_a_reply_that_does_not_end_is_not_kept(line: bytes, lines_at_once: int) -> None:
    heard = Heard()

    sent = 0
    while not heard.socket.is_aborted and sent < 4 * LONGEST:
        heard.wire.data_received(line * lines_at_once)
        sent += len(line) * lines_at_once
    heard.wire.connection_lost(None)

    assert heard.socket.is_aborted
    assert heard.replies == []
    assert isinstance(heard.error, ProtocolError)


def test_many_replies_are_no_long_one() -> None:
    heard = Heard()

    for _ in range(LONGEST):
        heard.wire.data_received(b"250-a\r\n250 b\r\n")

    assert not heard.socket.is_aborted
    assert {Reply(250, b"a\r\nb\r")} == set(heard.replies)
    assert len(heard.replies) == LONGEST
