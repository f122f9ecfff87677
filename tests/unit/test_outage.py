"""What is away is told when it begins, when the reason changes, and when it is over."""

import pytest
from structlog.testing import capture_logs

from sendwell.telemetry import outage as telemetry
from sendwell.telemetry.outage import Outage


def told(*steps: str) -> list[str]:
    """What is in the log after these: why it is away, or nothing where it works."""
    outage = Outage("away", "back", who="x")
    with capture_logs() as lines:
        for why in steps:
            if why:
                outage.lasts(why)
            else:
                outage.is_over()
            assert outage.is_on == bool(why)
    assert all(line["who"] == "x" for line in lines)
    return [line.get("why", line["event"]) for line in lines]


def test_it_is_told_once_while_it_lasts() -> None:
    assert told("refused", "refused", "refused", "", "") == ["refused", "back"]


def test_another_reason_is_told() -> None:
    assert told("refused", "denied", "") == ["refused", "denied", "back"]


def test_what_comes_and_goes_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    flapping = ("late", "") * 3

    assert told(*flapping) == ["late", "back"]
    monkeypatch.setattr(telemetry, "_QUIET_SECONDS", 0.0)
    assert told(*flapping) == ["late", "back"] * 3
