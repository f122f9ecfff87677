"""A file on its way in: bytes become batches of people and of flaws, each with where it ends."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from sendwell.domain.errors import Flaw, Invalid
from sendwell.roles.users.reading.documents import TOO_LONG, Document, Format, Lines
from sendwell.roles.users.reading.records import BEGINNING, Place, Record, Records
from sendwell.roles.users.reading.table import Table

MOST_RECORDS = 1_000
"""In one batch."""
_MOST_BYTES = 1024 * 1024
"""Of text in one batch, whatever the lines' length is."""
_MOST_FLAWS = 20
"""Of one record."""
_SPACE = b" \t\r\n,;"

T = TypeVar("T")


class Kind(StrEnum):
    """What a file is written in."""

    CSV = "csv"
    NDJSON = "ndjson"


class Mode(StrEnum):
    """What becomes of that which a line does not give of a person who is there already."""

    REPLACE = "replace"
    """It goes: each line is the whole person, as PUT takes it."""
    MERGE = "merge"
    """It stays."""


class LineFlaw(NamedTuple):
    """What is wrong with the record that begins in a line; the field is empty for all of it."""

    line: int
    number: int
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What must be known to go on with a file after an interruption."""

    place: Place = BEGINNING
    header: str | None = None
    """The first line of a CSV file, once it was read."""


@dataclass(slots=True)
class Batch(Generic[T]):
    """Some records in a row: the line and what became of each that is good, and the others' flaws.

    `progress` is behind the last of them.
    """

    progress: Progress
    good: list[tuple[int, T]] = field(default_factory=list)
    flaws: list[LineFlaw] = field(default_factory=list)
    refused: int = 0
    size_bytes: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is to be stored before more is read."""
        return len(self.good) + self.refused >= MOST_RECORDS or self.size_bytes >= _MOST_BYTES

    def refuse(self, line: int, error: Invalid) -> None:
        """That record is not stored, and why."""
        self.refused += 1
        flaws = error.flaws or (Flaw("", error.message),)
        self.flaws += [
            LineFlaw(line, number, flaw.pointer.removeprefix("/"), flaw.why)
            for number, flaw in enumerate(flaws[:_MOST_FLAWS])
        ]


class Intake(Generic[T]):
    """Reads a file from where it got to, fed with its bytes in order.

    `read` makes of a document what is to be stored; it raises Invalid with the flaws. Whatever
    pieces the bytes come in, and wherever reading was interrupted and taken up, the records are the
    same. Empty lines are passed over.
    """

    def __init__(
        self,
        kind: Kind,
        progress: Progress,
        *,
        columns: Mapping[str, str],
        read: Callable[[Document], T],
    ) -> None:
        self._kind = kind
        self._columns = columns
        self._read = read
        self._header = progress.header
        self._records = Records(progress.place)
        self._format: Format | None = Lines() if kind is Kind.NDJSON else None
        if progress.header is not None:
            self._use(progress.header.encode())
        self._batch = Batch[T](progress)

    def feed(self, piece: bytes) -> Iterator[int]:
        """Read what this piece completes; gives the number of records now waiting, after each.

        Raises Invalid for a header that cannot be used.
        """
        for record in self._records.feed(piece):
            self._add(record)
            yield len(self._batch.good) + self._batch.refused

    def end(self) -> None:
        """The file ends here: what is left is its last record."""
        for record in self._records.end():
            self._add(record)

    @property
    def is_full(self) -> bool:
        """Whether what was read is to be taken before more is read."""
        return self._batch.is_full

    @property
    def place(self) -> Place:
        """Up to where it is read."""
        return self._records.place

    def take(self) -> Batch[T]:
        """What was read since this was asked last, up to the place it is read to now."""
        batch = self._batch
        batch.progress = Progress(self._records.place, self._header)
        self._batch = Batch(batch.progress)
        return batch

    def _add(self, record: Record) -> None:
        text, batch = record.text, self._batch
        if text is None:
            batch.refuse(record.line, TOO_LONG)
            return
        if not text.strip(_SPACE):
            return
        if self._format is None:
            self._use(text)
            return
        batch.size_bytes += len(text)
        try:
            batch.good.append((record.line, self._read(self._format.document(text))))
        except Invalid as error:
            batch.refuse(record.line, error)

    def _use(self, header: bytes) -> None:
        table = Table.headed(header, self._columns)
        self._header = header.decode()
        self._format = table
        self._records.delimiter = table.delimiter.encode()
