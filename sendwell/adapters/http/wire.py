"""A request as it goes onto the wire, in one piece."""

import re
from functools import lru_cache

from sendwell.adapters.http.target import Target
from sendwell.domain.errors import Invalid
from sendwell.ports.http import HttpRequest

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_OWN = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields that frame the message or change the protocol: two opinions on them smuggle requests."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def write(request: HttpRequest, target: Target) -> bytes:
    """Head and body. Raises Invalid when a method, name or value does not belong on one line."""
    method, body = request.method, request.body
    if method not in _METHODS:
        raise Invalid("The method is none of " + ", ".join(sorted(_METHODS)) + ".")
    values = tuple(request.headers.values())
    text = "".join(values)
    if not text.isprintable() and _CONTROL.search(text):
        raise Invalid("A header's value holds a control character.")

    fields = _fields(tuple(request.headers)) % values
    length = f"content-length: {len(body)}\r\n" if body or method in _WITH_BODY else ""
    try:
        head = f"{method} {target.preamble}{fields}{length}\r\n".encode("latin-1")
    except UnicodeEncodeError:
        raise Invalid("A header's value holds characters outside Latin-1.") from None
    return head + body


@lru_cache(maxsize=256)
def _fields(names: tuple[str, ...]) -> str:
    """The lines of these fields, to be filled in by `%`: callers have few sets of names."""
    for name in names:
        if not _TOKEN.fullmatch(name):
            raise Invalid("A header's name holds characters that are not allowed there.")
        if name.lower() in _OWN:
            raise Invalid(f"The header {name!r} is the client's own.")
    return "".join(f"{name.replace('%', '%%')}: %s\r\n" for name in names)
