"""One request and one answer of HTTP, free of any framework: what the hot endpoints work with."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Self

Header = tuple[bytes, bytes]
"""A name in lower case and its value."""

JSON = b"application/json"
LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
"""What JSON is called of which every line is a document; none of these names is registered."""


class Call:
    """A request. `body` is all of it, or gives it in pieces when it is asked to."""

    __slots__ = ("_headers", "body", "method", "path")

    def __init__(
        self,
        method: str,
        path: str,
        headers: Sequence[Header],
        *,
        body: bytes | Callable[[], AsyncIterator[bytes]] = b"",
    ) -> None:
        self.method = method
        self.path = path
        self.body = body
        self._headers = dict(reversed(headers))  # of several with one name the first counts

    @property
    def media_type(self) -> str:
        """What the body says it is, in lower case and without parameters."""
        return (self.header(b"content-type") or "").partition(";")[0].strip().lower()

    def __contains__(self, name: bytes) -> bool:
        """Whether a header with this name in lower case was sent."""
        return name in self._headers

    def header(self, name: bytes) -> str | None:
        """The value of a header, by its name in lower case."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")


class Reply:
    """An answer with a body. Its length and `kind` are told besides `headers`.

    Header values are written as they are: whoever makes them keeps control characters out.
    """

    __slots__ = ("body", "headers", "kind", "status")

    def __init__(
        self, status: int, body: bytes, *, headers: Iterable[Header] = (), kind: bytes = JSON
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers
        self.kind = kind

    def of_request(self, path: str, request_id: bytes) -> Self:
        """The reply, once it is known which request it is to; most say nothing of it.

        `path` is as it came, percent-encoded; `request_id` is empty where none was given.
        """
        del path, request_id
        return self

    @property
    def whole_headers(self) -> list[Header]:
        """All headers that the reply itself knows."""
        return [
            *self.headers,
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", self.kind),
        ]


Endpoint = Callable[[Call], Awaitable[Reply]]
"""Answers a call. Raises SendwellError where a problem document is to be the answer."""
