"""The one way out by HTTP."""

from collections.abc import Mapping
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


class HttpAnswer(NamedTuple):
    """An answer; header names are lower case. Cut: the body is over the size cap, or broke off."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_cut: bool = False


class Http(Protocol):
    """Sends requests over kept-alive connections, verifying TLS. Never follows a redirect.

    Two policies exist behind this port: *trusted* for hosts that the operator configured, and
    *guarded* for URLs that came from tenants, people or payloads, which refuses any address that
    is not public (checked at the address actually dialled) unless OUTBOUND_ALLOW names it.
    """

    async def exchange(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        """The answer, if the vendor has to interpret it: 2xx, 3xx and 4xx except 408, 425 and 429.

        Everything that means the same for every vendor comes back as an outcome, never raised:
        refused, reset or timed out before the request was written, 408, 425, 429 and 5xx but 502
        and 504 are `Deferred` (with `Retry-After` in seconds or as an HTTP date, if given);
        a URL or address that policy forbids, or a malformed header, is `Refused`;
        a connection that breaks or times out after the request was written is `Unknown`, and so
        are 502 and 504 to it: there a gateway says the same of the connection behind it.
        """
        ...

    async def close(self) -> None:
        """Close idle connections and wait for the open exchanges."""
        ...


class Passage(Protocol):
    """The same way for calls that we hand on: the answer is the caller's to interpret, not ours."""

    async def hand_on(self, request: HttpRequest) -> HttpAnswer | Deferred | Refused | Unknown:
        """The answer as it is, whatever its status; an outcome only where there is none."""
        ...
