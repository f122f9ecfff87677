"""What the page about rates says that each of them lets through."""

import re
from pathlib import Path

import pytest

from sendwell.domain.limits import Rate

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "rate-limits.md"
_ROW = re.compile(
    r"^\| `(?P<rate>[^`]+)` \| (?P<at_once>[0-9,]+) \| (?P<most>[0-9,]+) \|$", re.MULTILINE
)
ROWS = [found.groups() for found in _ROW.finditer(PAGE.read_text())]


def test_the_page_has_examples() -> None:
    assert len(ROWS) >= 3


@pytest.mark.parametrize(("text", "at_once", "most"), ROWS)
def test_a_rate_lets_through_what_its_page_says(text: str, at_once: str, most: str) -> None:
    rate = Rate.parse(text)

    assert (f"{rate.burst:,}", f"{rate.most:,}") == (at_once, most)
