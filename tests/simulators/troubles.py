"""What can go wrong between us and a vendor, as values for `Simulator.fail_next`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PAGE = b"<!doctype html><title>Welcome</title><p>Please log in to the network."


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instead:
    """This is answered instead, and nothing was taken unless it says so."""

    reply: Reply
    is_taken: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """These bytes are answered, which need not be HTTP, and the connection ends."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Silent:
    """No answer ever; nothing was taken."""


@dataclass(frozen=True, slots=True)
class Lost:
    """It was taken, but the connection is reset before the answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """It was taken, but the answer, or this one, lacks its last three bytes: the connection ends
    before them, or nothing happens any more.
    """

    reply: Reply | None = None
    hangs_up: bool = True


@dataclass(frozen=True, slots=True)
class Huge:
    """A 200 that goes on and on."""

    size_bytes: int = 100 * 1024 * 1024


Trouble = Instead | Broken | Silent | Lost | Cut | Huge


def throttled(retry_after: str | None = None) -> Trouble:
    """Too many requests; `retry_after` as the header says it."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Instead(Reply(429, b"", headers))


def failing(status: int = 503) -> Trouble:
    """The vendor is down."""
    return Instead(Reply(status, b"upstream connect error"))


def page(status: int = 200) -> Trouble:
    """Something in between answers with a page for people."""
    return Instead(Reply(status, PAGE, {"content-type": "text/html"}))


def elsewhere() -> Trouble:
    """A redirect."""
    return Instead(Reply(302, b"", {"location": "http://127.0.0.1:1/"}))
