"""What is told of streams is what the code does with them."""

from pathlib import Path

from sendwell.domain.presets.streams import LogicalStream

WIRE = Path(__file__).parents[2] / "sendwell" / "messages" / "wire"


def test_every_stream_that_has_a_name_is_written_by_somebody() -> None:
    writers = [file.read_text() for file in WIRE.rglob("*.py") if file.name != "catalogue.py"]

    unwritten = [
        stream
        for stream in LogicalStream
        if not any(f"LogicalStream.{stream.name}" in text for text in writers)
    ]

    assert unwritten == []
