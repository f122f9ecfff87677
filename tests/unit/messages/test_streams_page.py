"""The page of streams says what the code does. SENDWELL_SNAPSHOT=write writes it anew."""

import os
from pathlib import Path

from tests.unit.messages.streams_page import page

FILE = Path(__file__).parents[3] / "docs" / "reference" / "streams.md"


def test_the_page_of_streams_is_what_the_presets_say() -> None:
    if os.environ.get("SENDWELL_SNAPSHOT") == "write":
        FILE.write_text(page())

    assert FILE.read_text() == page()
