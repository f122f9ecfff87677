"""Traces: W3C Trace Context on our side, a bare trace id in the envelopes of `intents`."""

import re
from hashlib import blake2b

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_TRACE = re.compile(r"[0-9a-f]{32}")
_NONE = "0" * 32


def trace_id_of(traceparent: str | None, correlation_id: str) -> str:
    """The trace id; where nobody traces, one made from the correlation id, always the same."""
    if traceparent and (found := _TRACEPARENT.fullmatch(traceparent)):
        return found["trace"]
    return blake2b(correlation_id.encode(errors="replace"), digest_size=16).hexdigest()


def traceparent_of(trace_id: str | None) -> str | None:
    """A traceparent that continues a bare trace id; None where it is none.

    W3C Trace Context wants a span, too: its first half stands for the unknown one. Not sampled,
    for nobody asked for that.
    """
    if trace_id is None:
        return None
    trace = trace_id.lower().replace("-", "")
    if _TRACE.fullmatch(trace) is None or trace == _NONE:
        return None
    span = trace[:16] if trace[:16].strip("0") else trace[16:]
    return f"00-{trace}-{span}-00"
