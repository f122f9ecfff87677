"""HTTP/1.1 messages out of a stream of bytes, for the two ends of a measurement.

Knows Content-Length and nothing else, because every end that is measured against speaks that way:
half the cost of a real parser, and what the sinks and the load generator do not use is left to
what is measured.
"""

from collections.abc import Iterator

_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"

Message = tuple[bytes, bytes]
"""The head (start line and headers, without the empty line) and the body."""


class Messages:
    """Feed it what arrives; it gives the messages that are complete."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Message]:
        stream = self._rest + data if self._rest else data
        start = 0
        while (message := _message(stream, start)) is not None:
            head, body, start = message
            yield head, body
        self._rest = stream[start:]


def header(head: bytes, name: bytes) -> bytes | None:
    """The value of a header; `name` in lower case."""
    at = head.lower().find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def status(head: bytes) -> int:
    """The status of an answer: `HTTP/1.1 202 Accepted`."""
    return int(head[9:12])


def target(head: bytes) -> bytes:
    """The path of a request: `POST /path HTTP/1.1`."""
    start = head.index(b" ") + 1
    return head[start : head.index(b" ", start)]


def _message(stream: bytes, start: int) -> tuple[bytes, bytes, int] | None:
    end = stream.find(_END, start)
    if end < 0:
        return None
    head = stream[start:end]
    length = _length(head)
    if len(stream) < end + 4 + length:
        return None
    return head, stream[end + 4 : end + 4 + length], end + 4 + length


def _length(head: bytes) -> int:
    low = head.lower()
    at = low.find(_LENGTH)
    if at < 0:
        if b"\r\ntransfer-encoding:" in low:
            raise ValueError("the benchmarks' own ends speak Content-Length only")
        return 0
    start = at + len(_LENGTH)
    stop = low.find(b"\r\n", start)
    return int(low[start : stop if stop >= 0 else len(low)])
