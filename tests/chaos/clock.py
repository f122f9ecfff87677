"""The one clock of the harness; the product on the same machine reads the same one."""

import time


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000
