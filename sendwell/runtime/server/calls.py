"""One request and one answer of HTTP, free of any framework: what the hot endpoints work with."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

Header = tuple[bytes, bytes]
"""A name in lower case and its value."""

JSON = b"application/json"


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
