"""Webhooks as in Standard Webhooks, to a URL of somebody else's."""

import re
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from sendwell.domain.channel import Channel, ContentLimit, Unit
from sendwell.domain.ids import ChannelName

_VISIBLE = re.compile(r"[!-~]+")
_LABEL = r"[A-Za-z0-9_-]{1,63}"
_NETLOC = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?")
_SCHEMES = frozenset({"http", "https"})
_LONGEST = 2048
_LARGEST = 20_000  # Standard Webhooks, "Payload size": below 20 kB

_EVERYTHING = ("subject", "title", "text", "body", "html", "data")

_FORM = "A webhook's URL has the form https://example.org/path"
_NO_HOST = f"{_FORM}; the host or the port in it is none."


@lru_cache(maxsize=1_024)  # endpoints are few, and asked for with every message
def flaw_in_address(address: str) -> str | None:
    """Why it is no absolute URL of http or https.

    Refused are credentials in it, since it stands in logs and pages, and everything that two
    readers of URLs could read differently: spaces, control characters, backslashes, letters
    beyond ASCII. Whether we may connect to its host is decided when the host is dialled.
    """
    if len(address) > _LONGEST:
        return f"A URL may have {_LONGEST} characters, and this one has {len(address)}."
    if _VISIBLE.fullmatch(address) is None or "\\" in address:
        return f"{_FORM}: printable ASCII without spaces and backslashes, all else in %XX."
    try:
        return _flaw_in_parts(address)
    except ValueError:
        return _NO_HOST


@lru_cache(maxsize=1_024)
def normalise(address: str) -> str:
    """Scheme and host in lower case, without the fragment, which is never sent."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, parts.query, ""))


def _flaw_in_parts(address: str) -> str | None:
    parts = urlsplit(address)
    if parts.scheme not in _SCHEMES:
        return f"{_FORM}; it begins with http:// or https://."
    if "@" in parts.netloc:
        return f"{_FORM}, without a user name or password."
    if _NETLOC.fullmatch(parts.netloc) is None or parts.port == 0:
        return _NO_HOST
    return None


CHANNEL = Channel(
    name=ChannelName("webhook"),
    address_field="url",
    flaw_in_address=flaw_in_address,
    normalise=normalise,
    parts=_EVERYTHING,
    limits=(ContentLimit(_EVERYTHING, _LARGEST, Unit.BYTES),),
    resends_unknown=True,
)
