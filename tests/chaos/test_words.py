"""What a process logs as an error is a complaint, unless an outage explains it."""

import json
from pathlib import Path

import pytest

from tests.acceptance.product import Product
from tests.chaos.cluster.words import complaints

AWAY = "Traceback …\nsendwell.domain.errors.Unavailable: The database cannot be reached right now."


def said(tmp_path: Path, *lines: str) -> list[str]:
    product = Product(tmp_path)
    product.errors = "".join(f"{line}\n" for line in lines).encode()
    return complaints(product)


def a_line(**fields: str) -> str:
    return json.dumps({"level": "error", "event": "delivery.settle_failed", **fields})


@pytest.mark.parametrize(
    "line",
    [
        a_line(level="info"),
        a_line(exception=AWAY),
        a_line(level="critical", event="cluster.lease_lost"),
        "Stopping: finishing what is in flight …",
        "WARNING:asyncpg.pool:retrying\nTraceback …\nConnectionRefusedError: [Errno 111]",
    ],
)
def test_what_an_outage_or_a_stop_explains_is_no_complaint(line: str, tmp_path: Path) -> None:
    assert said(tmp_path, line) == []


@pytest.mark.parametrize(
    "line",
    [
        a_line(),
        a_line(exception=f"{AWAY}\nKeyError: 7"),
        a_line(level="critical"),
        "KeyError: 7",
        "ERROR:asyncio:Task exception was never retrieved",
    ],
)
def test_everything_else_is_told(line: str, tmp_path: Path) -> None:
    assert said(tmp_path, a_line(exception=AWAY), line) == [line]
