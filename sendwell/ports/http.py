"""The one way out by HTTP."""

from collections.abc import AsyncIterator, Container, Mapping
from datetime import timedelta
from typing import NamedTuple, Protocol

from sendwell.domain.outcome import Deferred, Refused, Unknown


class HttpRequest(NamedTuple):
    """One request. Header names and values are refused when they hold CR, LF or NUL."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout: timedelta = timedelta(seconds=15)
    """The total: connect, send, and read the last byte."""
    enough: Container[int] = ()
    """Statuses that say it all: such an answer counts though its body breaks off or never ends."""
    interprets: Container[int] = ()
    """Of 408, 425, 429 and 5xx those that mean something of their own to whoever is asked."""


class HttpAnswer(NamedTuple):
    """An answer; header names are lower case. Cut: the body is over the size cap, or broke off.

    `wait` is what `Retry-After` asks for, where the request `interprets` the status.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False
    wait: timedelta | None = None


class Http(Protocol):
    """Sends requests over kept-alive connections, verifying TLS. Never follows a redirect.

    Two policies exist behind this port: *trusted* for hosts that the operator configured, and
    *guarded* for URLs that came from tenants, people or payloads, which refuses any address that
    is not public (checked at the address actually dialled) unless OUTBOUND_ALLOW names it.
    """

    async def exchange(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        """The answer, if the vendor has to interpret it: 2xx, 3xx and 4xx except 408, 425 and 429;
        these and 5xx where the request says so.

        Everything that means the same for every vendor comes back as an outcome, never raised:
        refused, reset or timed out before the request was written, 408, 425, 429 and 5xx but 502
        and 504 are `Deferred` (with `Retry-After` in seconds or as an HTTP date, if given);
        a URL or address that policy forbids, or a malformed header, is `Refused`;
        a connection that breaks or times out after the request was written is `Unknown`, and so
        are 502 and 504 to it: there a gateway says the same of the connection behind it. What
        breaks or times out behind a status that is `enough` is the answer, as far as it came.
        """
        ...

    async def close(self) -> None:
        """Close idle connections and wait for the open exchanges."""
        ...


class HttpStream(Protocol):
    """An answer that has begun. Who has it closes it."""

    @property
    def status(self) -> int:
        """Of the answer."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Of the answer; names are lower case."""
        ...

    def pieces(self, silence: timedelta) -> AsyncIterator[bytes]:
        """The body as it comes, and no faster than it is taken. Never raises: it ends with the
        answer, with the connection, by `close`, or when nothing has come for as long as that.
        """
        ...

    def close(self) -> None:
        """Nobody reads on: the connection is closed. A second time changes nothing."""
        ...


class Passage(Protocol):
    """The same way for calls that we hand on: the answer is the caller's to interpret, not ours."""

    async def hand_on(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        """The answer as it is, whatever its status; an outcome only where there is none."""
        ...

    async def follow(self, request: HttpRequest) -> HttpStream | Deferred | Refused | Unknown:
        """The same for an answer without an end, as soon as it has begun, within the time-out.

        It takes no connection from the other calls. Only so many are followed at a time; one more
        is `Deferred` at once.
        """
        ...

    def end_streams(self) -> None:
        """End what is followed, now and from now on: we are about to stop."""
        ...
