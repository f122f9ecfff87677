"""How long what was asked is remembered, so that it is done once: keys, ids, and for requests how
long they may have lain on a broker.
"""

from datetime import timedelta

LEAST = timedelta(hours=24)
ON_A_BROKER = timedelta(days=30)
"""What waits there outlasts a weekend without readers, and what is sent anew is still recognized:
brokers keep messages for a week unless told otherwise."""


def idempotency_window(
    asked_for: timedelta | None, *, kept: timedelta, waits_on_a_broker: bool
) -> timedelta:
    """The window that holds: what was asked for, at least a day, else what is usual there.

    What nobody asked for never outlasts the notifications, which are `kept` for so long.
    """
    if asked_for is not None:
        return max(LEAST, asked_for)
    return max(LEAST, min(ON_A_BROKER, kept)) if waits_on_a_broker else LEAST
