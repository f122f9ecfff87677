"""How long a connection may be idle before its server closes it."""

import re
from collections.abc import Mapping

_TIMEOUT = re.compile(r"timeout *= *([0-9]{1,9})", re.IGNORECASE)
_MARGIN = 1.0
"""Seconds on the way and in queues. A request that meets the server's end of the connection
halfway comes to Unknown, so it pays to be the one who closes first."""


def idle_seconds(headers: Mapping[str, str], *, at_most: float) -> float:
    """How long to keep the connection after this answer; not longer than its server has said.

    The field Keep-Alive: timeout=… is no standard, but Apache, Node.js and others tell by it.
    """
    said = headers.get("keep-alive")
    timeout = said and _TIMEOUT.search(said)
    return min(at_most, float(timeout[1]) - _MARGIN) if timeout else at_most
