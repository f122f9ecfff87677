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
    """Head and body. Raises Invalid when a method, name or value does not belong on one line.

    Asks for no compression, so that the cap on a body's size is the cap on its memory.
    """
    method, body = request.method, request.body
    if method not in _METHODS:
        raise Invalid("The method is none of " + ", ".join(sorted(_METHODS)) + ".")
    head = f"{method} {target.preamble}accept-encoding: identity\r\n"
    for name, value in request.headers.items():
        if not value.isprintable() and _CONTROL.search(value):
            raise Invalid(f"The value of the header {name!r} holds a control character.")
        head += f"{_field(name)}{value}\r\n"
    if body or method in _WITH_BODY:
        head += f"content-length: {len(body)}\r\n"
    try:
        return f"{head}\r\n".encode("latin-1") + body
    except UnicodeEncodeError:
        raise Invalid("A header's value holds characters outside Latin-1.") from None


@lru_cache(maxsize=512)
def _field(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise Invalid("A header's name holds characters that are not allowed there.")
    if name.lower() in _OWN:
        raise Invalid(f"The header {name!r} is the client's own.")
    return f"{name}: "
