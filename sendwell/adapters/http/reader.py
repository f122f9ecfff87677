"""Puts answers together from bytes as they come."""

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from sendwell.adapters.http.limits import Limits
from sendwell.ports.http import HttpAnswer

_FIRST_FINAL_STATUS = 200


class Garbled(Exception):
    """What came is not an answer; the text completes the sentence "<host> sent …"."""


class Reader:
    """The answers of one connection, one at a time. Interim answers (1xx) are skipped.

    Bounds memory against a hostile server: between two pieces of a body, and before the first,
    there may be no more than `head_size` bytes (head, trailers, chunk extensions); a body is cut
    at `body_size`. Lines are checked per read, the head of the final answer exactly.
    """

    __slots__ = (
        "_cap",
        "_fields",
        "_is_head",
        "_limits",
        "_parser",
        "_pieces",
        "_silent",
        "_size",
        "is_complete",
        "keeps_alive",
        "status",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cap = limits.head_size
        self._parser = HttpResponseParser(self)
        self.expect(is_head=False)

    def expect(self, *, is_head: bool) -> None:
        """Begin a new answer; the answer to HEAD has no body whatever its head says."""
        self._is_head = is_head
        self._fields: list[tuple[bytes, bytes]] = []
        self._pieces: list[bytes] = []
        self._size = 0
        self._silent = 0
        self.status = 0
        """Known as soon as the head is complete."""
        self.is_complete = False
        self.keeps_alive = True
        """Of a complete answer: whether another exchange may follow on the connection."""

    def feed(self, data: bytes) -> None:
        """Take what came. Raises Garbled; a complete answer stays, whatever comes after it."""
        self._silent += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            self.keeps_alive = False
            if not self.is_complete:
                cause = error.__context__
                raise cause if isinstance(cause, Garbled) else Garbled("no HTTP") from None
        if self._silent > self._cap and not self.is_complete:
            raise Garbled("too large a head")

    def end(self) -> bool:
        """The connection was closed in order: whether that completes the answer."""
        self.keeps_alive = False
        fields = {name.lower(): value.lower() for name, value in self._fields}
        is_chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        if self.status and not is_chunked and b"content-length" not in fields:
            self.is_complete = True
        return self.is_complete

    def take(self) -> HttpAnswer:
        """Hand over the answer as far as it came."""
        headers, body = self.headers(), self.take_body()
        most = self._limits.body_size
        is_cut = len(body) > most or not self.is_complete
        return HttpAnswer(self.status, headers, body[:most], is_cut=is_cut)

    def headers(self) -> dict[str, str]:
        """Those of the answer; fields of a name are joined (RFC 9110, 5.3)."""
        headers: dict[str, str] = {}
        for raw_name, raw_value in self._fields:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    def take_body(self) -> bytes:
        """Hand over what has come of the body since the last time."""
        pieces, self._pieces = self._pieces, []
        self._size = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def on_message_begin(self) -> None:
        if self.is_complete:
            self.keeps_alive = False  # nobody has asked for a second answer

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.status:  # what comes later are trailers
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if self.status or status < _FIRST_FINAL_STATUS:
            return
        if self._silent > self._cap or len(self._fields) > self._limits.header_count:
            self._check_head()
        self.status = status
        if self._is_head:
            # The parser cannot be told that no body follows, so it is not used again.
            self.is_complete, self.keeps_alive = True, False

    def _check_head(self) -> None:
        if len(self._fields) > self._limits.header_count:
            raise Garbled("too many headers")
        if sum(len(name) + len(value) for name, value in self._fields) > self._cap:
            raise Garbled("too large a head")

    def on_body(self, piece: bytes) -> None:
        if self.is_complete:
            return
        self._silent = 0
        self._size += len(piece)
        self._pieces.append(piece)
        if self._size > self._limits.body_size:
            self.is_complete, self.keeps_alive = True, False

    def on_message_complete(self) -> None:
        if self.is_complete:
            return
        if not self.status:
            self._fields.clear()  # an interim answer's
            return
        self.is_complete = True
        self.keeps_alive = self._parser.should_keep_alive()
