"""How one is told to go on with what a process has left."""

import pytest

from sendwell.domain.left_behind import LeftBehind, of_nobody


def left(node: int, service: str, *, is_run: bool = False) -> LeftBehind:
    return LeftBehind(node, "host 1", service, is_run=is_run)


@pytest.mark.parametrize(
    ("service", "command"),
    [
        ("", "sendwell run all"),
        ("gateway", "sendwell run gateway"),
        ("gateway+orchestrator", "sendwell run gateway orchestrator"),
        ("delivery-in_app", "sendwell run delivery --channel in_app"),
        ("delivery+receipts-sms", "sendwell run delivery receipts --channel sms"),
        ("gateway+accounts+orchestr~0f", "sendwell run gateway accounts …"),
    ],
)
def test_the_command_is_that_of_the_same_service(service: str, command: str) -> None:
    assert left(0, service).command == command


def test_only_what_waits_for_a_service_that_nobody_runs_is_nobodys() -> None:
    one, two, other = left(0, ""), left(3, ""), left(1, "delivery-email")

    found = of_nobody([one, left(2, "delivery", is_run=True), other, two])

    assert found == {
        "sendwell run all": [one, two],
        "sendwell run delivery --channel email": [other],
    }
