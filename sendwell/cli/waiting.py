"""Waiting for a notification to come to its end."""

import time
from typing import Any

from sendwell.cli.client import Client, step
from sendwell.cli.screen import console
from sendwell.domain.errors import SendwellError, Unavailable
from sendwell.domain.lifecycle import FINAL, State

WENT_OUT = frozenset({State.SENT, State.DELIVERED})
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0
_GROWTH = 1.5
_AWAY = frozenset({"unreachable", "http_502", "http_504"})
"""Nobody answers, or a proxy before it says so."""


def await_end(client: Client, id_: str, *, seconds: float) -> dict[str, Any]:
    """The notification when all of its deliveries are at an end, or when the time is up.

    A server that starts again, or is busy, is asked again. Raises SendwellError when the time is up
    and it cannot be asked, and at once where it refuses.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    with console(is_error=True).status("Waiting …") as spinner:
        while True:
            try:
                found: dict[str, Any] = client.get(f"/notifications/{step(id_)}")
            except SendwellError as error:
                if not _may_pass(error) or time.monotonic() >= deadline:
                    raise
            else:
                if is_at_end(found) or time.monotonic() >= deadline:
                    return found
                spinner.update(f"{found['status']} …")
            time.sleep(pause)
            pause = min(pause * _GROWTH, _LONGEST_PAUSE_SECONDS)


def is_at_end(found: dict[str, Any]) -> bool:
    """Whether nothing more will be sent for it."""
    return State(found["status"]) in FINAL


def went_out(found: dict[str, Any]) -> bool:
    """Whether it was told: every delivery that was not replaced by another one has gone out."""
    return State(found["status"]) in WENT_OUT


def _may_pass(error: SendwellError) -> bool:
    return isinstance(error, Unavailable) or error.code in _AWAY
