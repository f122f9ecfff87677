"""What commands print of what strangers wrote does nothing to the terminal that shows it."""

import json
from base64 import b64encode
from typing import Any

import pytest

from sendwell.cli import quarantine, screen, status
from sendwell.cli.drawing import draw
from sendwell.domain.errors import Flaw, SendwellError

ORDERS = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\x08\x08\x08", "\rSENT", "\x7f", "\u202e"]


def is_harmless(printed: str) -> bool:
    """Whether a terminal shows all of it, but for ends of lines."""
    return not any(ord(letter) in {0x7F, 0x202E, *range(0x80, 0xA0)} for letter in printed) and all(
        letter in "\n\t" or ord(letter) >= 0x20 for letter in printed
    )


@pytest.mark.parametrize("order", ORDERS)
def test_lines_tables_and_warnings_give_no_orders(
    capsys: pytest.CaptureFixture[str], order: str
) -> None:
    screen.show(f"a{order}b\r\nc", "[bold]as it is[/bold]")
    screen.show_table(("ID", "TEXT"), [(order, "x"), ("y", f"x{order}")])
    screen.complain(SendwellError(f"no {order}", flaws=[Flaw(f"/{order}", f"why {order}")]))

    printed = capsys.readouterr()

    assert is_harmless(printed.out)
    assert is_harmless(printed.err)
    assert "b\nc\n[bold]as it is[/bold]" in printed.out
    assert "\N{REPLACEMENT CHARACTER}" in printed.out


@pytest.mark.parametrize("order", ORDERS)
def test_json_gives_no_orders_and_says_the_same(
    capsys: pytest.CaptureFixture[str], order: str
) -> None:
    document = {order: [order, "ä"]}
    screen.print_json(document)

    printed = capsys.readouterr().out

    assert is_harmless(printed)
    assert document == json.loads(printed)
    assert "ä" in printed


@pytest.mark.parametrize("order", ORDERS)
def test_a_message_in_quarantine_gives_no_orders(
    capsys: pytest.CaptureFixture[str], order: str
) -> None:
    kept = dict.fromkeys(("service", "stream", "place", "at", "reason", "pointer", "message_id"))
    body = b64encode(f"two\n{order}lines".encode()).decode()
    rest: dict[str, Any] = {"key": order, "text": order, "headers": {order: order}, "body": body}

    quarantine._show_one({**kept, **rest, "hint": "Read it."}, is_raw=False, is_json=False)

    printed = capsys.readouterr().out
    assert is_harmless(printed)
    assert "two\n" in printed


@pytest.mark.parametrize("order", ORDERS)
def test_a_status_and_a_timeline_give_no_orders(
    capsys: pytest.CaptureFixture[str], order: str
) -> None:
    found = dict.fromkeys(("priority", "category", "created_at", "send_at", "expires_at"), "x")
    whom = {"id": "first", "status": "SENT", "event_type": order, "user_id": order}
    event = {"at": "2026-11-21T07:05:24.489Z", "event": "SENT", "text": order, "provider": order}

    status.show_notification({**found, **whom, "recipients": 1, "deliveries": []})
    screen.show(*draw("first", [{**event, "delivery": "0.email", "provider_message_id": order}]))

    assert is_harmless(capsys.readouterr().out)
