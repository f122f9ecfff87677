"""The page of streams says what the code does. SENDWELL_SNAPSHOT=write writes it anew."""

import os
from pathlib import Path

import pytest

from tests.unit.messages.streams_page import page

DOCS = Path(__file__).parents[3] / "docs"
FILE = DOCS / "reference" / "streams.md"


def test_the_page_of_streams_is_what_the_presets_say() -> None:
    if os.environ.get("SENDWELL_SNAPSHOT") == "write":
        FILE.write_text(page())

    assert FILE.read_text() == page()


@pytest.mark.parametrize("name", ["connect-kafka.md", "connect-rabbitmq.md"])
def test_who_connects_a_broker_is_told_what_a_request_on_a_channels_stream_is_called(
    name: str,
) -> None:
    for told in (page(), (DOCS / "how-to" / name).read_text()):
        assert "`order-7:email`" in told
        assert "ids of at most 56 characters" in " ".join(told.split())
