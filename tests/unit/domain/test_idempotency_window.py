"""How long what was asked is remembered."""

from datetime import timedelta

import pytest

from sendwell.domain.idempotency_window import idempotency_window

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("asked_for", "kept", "on_a_broker", "in_process"),
    [
        pytest.param(None, 90 * DAY, 30 * DAY, DAY, id="nobody said"),
        pytest.param(None, 7 * DAY, 7 * DAY, DAY, id="no longer than what is kept"),
        pytest.param(2 * DAY, 90 * DAY, 2 * DAY, 2 * DAY, id="as it was asked for"),
        pytest.param(60 * DAY, 90 * DAY, 60 * DAY, 60 * DAY, id="longer than usual"),
        pytest.param(DAY / 2, 90 * DAY, DAY, DAY, id="at least a day"),
    ],
)
def test_it_outlasts_what_a_broker_keeps_unless_something_else_is_asked_for(
    asked_for: timedelta | None, kept: timedelta, on_a_broker: timedelta, in_process: timedelta
) -> None:
    found = [
        idempotency_window(asked_for, kept=kept, waits_on_a_broker=waits) for waits in (True, False)
    ]

    assert found == [on_a_broker, in_process]
