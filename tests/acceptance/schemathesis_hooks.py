"""What Schemathesis is told beside the documents; it imports this as SCHEMATHESIS_HOOKS."""

from typing import Any
from urllib.parse import urlencode

import schemathesis

_LONGEST_QUERY = 8192
"""Servers and proxies take no longer ones, and answer before an application sees them."""


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(_: Any, value: Any) -> bytes:
    """Lines are text: sent as they are."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


@schemathesis.hook
def filter_query(_: Any, query: Any) -> bool:
    """Ask only what can arrive."""
    return len(urlencode(query or {}, doseq=True, errors="replace")) <= _LONGEST_QUERY
