"""The producer's own book: what was accepted counts once it is on disk here."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tests.chaos.evidence import Accepted, Cancelled

Entry = Accepted | Cancelled
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


class ProducerLog:
    """An append-only file, one JSON object a line. Survives whatever happens to the product."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab")

    def write(self, *entries: Entry) -> None:
        """When this returns the entries are on disk."""
        self._file.write(b"".join(_encode(entry) + b"\n" for entry in entries))
        self._file.flush()
        os.fsync(self._file.fileno())

    def accepted(self) -> list[Accepted]:
        """Every 202, in their order."""
        return [entry for entry in self._entries() if isinstance(entry, Accepted)]

    def cancelled(self) -> list[Cancelled]:
        """Every 200 to a cancel, in their order."""
        return [entry for entry in self._entries() if isinstance(entry, Cancelled)]

    def _entries(self) -> Iterator[Entry]:
        with self._path.open("rb") as lines:
            yield from map(_decode, lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
