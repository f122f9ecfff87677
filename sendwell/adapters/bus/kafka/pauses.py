"""How long to wait before something is tried again."""

from datetime import timedelta

from sendwell.domain.backoff import Jitter, RetryPolicy, delay

_POLICY = RetryPolicy(
    base=timedelta(milliseconds=100), cap=timedelta(seconds=5), jitter=Jitter.NONE
)


def pause(failures: int) -> float:
    """Seconds after that many failures in a row: 0.1, doubled each time, up to 5."""
    return delay(_POLICY, failures, chance=0).total_seconds()
