"""Bytes that come in any pieces, turned into the records of a CSV or NDJSON file.

In NDJSON each line is a record. In CSV (RFC 4180) a line that ends inside a quoted field does not
end its record: were it to, whoever may write into a field could write a record of their own.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

LARGEST_RECORD = 64 * 1024
"""Bytes."""
_MARK = b"\xef\xbb\xbf"
_QUOTE = b'"'
_CLOSING = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')
"""From inside a quoted field to behind the quote that closes it."""


class Record(NamedTuple):
    """One record without its line end, and the number of the line that it begins in.

    `text` is None where it is longer than LARGEST_RECORD.
    """

    line: int
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file is read: whoever begins anew from here goes on as if never interrupted."""

    offset: int = 0
    lines: int = 0
    """How many lines are before it."""
    is_skipping: bool = False
    """It is in the middle of a record that is too long, which has been given already."""
    is_quoted: bool = False
    """And there inside quotes."""


BEGINNING = Place()


class Records:
    """The records of a file from a place on, as its bytes are fed in order.

    Holds no more than the piece just fed and one record, whatever is in the file. `place` is behind
    the record that was given last. `delimiter` is that of a CSV file, to be set as soon as it is
    known; without one each line is a record.
    """

    def __init__(self, place: Place = BEGINNING, *, delimiter: bytes | None = None) -> None:
        self.place = place
        self.delimiter = delimiter
        self._held = b""
        self._at = 0
        """Where in what is held the record begins."""
        self._looked = 0
        """Where in it the line begins that is looked at."""
        self._lines = 0
        """Line ends inside the record so far."""
        self._is_open = False
        """The line begins inside a quoted field."""

    def feed(self, piece: bytes) -> Iterator[Record]:
        """The records that this piece completes. To be exhausted before the next one is fed."""
        self._held = self._held[self._at :] + piece
        self._looked -= self._at
        self._at = 0
        while not self.place.is_skipping or self._skip():
            end = self._end()
            if end >= 0:
                yield self._take(end, end + 1)
            elif len(self._held) - self._at > LARGEST_RECORD:
                yield self._give_up()
            else:
                return

    def end(self) -> Iterator[Record]:
        """The last record, where no line end follows it."""
        if self._at < len(self._held):
            yield self._take(len(self._held), len(self._held))

    def _end(self) -> int:
        """Where the line end is that ends the record; -1 where there is none yet, or too late."""
        last = self._at + LARGEST_RECORD + 1
        while (end := self._held.find(b"\n", self._looked, last)) >= 0:
            if not self._is_open_behind(end):
                return end
            self._is_open = True
            self._lines += 1
            self._looked = end + 1
        return -1

    def _is_open_behind(self, end: int) -> bool:
        if self.delimiter is None:
            return False
        line = self._held[self._looked : end]
        return _ends_quoted(line, self.delimiter, is_quoted=self._is_open)

    def _take(self, end: int, behind: int) -> Record:
        text = self._held[self._at : end].removesuffix(b"\r")
        if self.place.offset == 0:
            text = text.removeprefix(_MARK)
        record = Record(self.place.lines + 1, text)
        self._go_to(behind, lines=self._lines + 1)
        return record

    def _give_up(self) -> Record:
        """The record is too long, however far its end may be. The same wherever pieces end."""
        record = Record(self.place.lines + 1, None)
        stop = self._at + LARGEST_RECORD + 1
        is_quoted = self._is_open_behind(stop)
        self._go_to(stop, lines=self._lines, is_skipping=True, is_quoted=is_quoted)
        return record

    def _skip(self) -> bool:
        """Go past the rest of a record that was given up; False while its end has not come."""
        while self.place.is_skipping:
            end = self._held.find(b"\n", self._at)
            stop = end + 1 or len(self._held)
            is_quoted = self.place.is_quoted
            if self.delimiter is not None and self._held.count(_QUOTE, self._at, stop) % 2:
                is_quoted = not is_quoted
            has_ended = end >= 0
            is_skipping = is_quoted or not has_ended
            self._go_to(stop, lines=has_ended, is_skipping=is_skipping, is_quoted=is_quoted)
            if not has_ended:
                return False
        return True

    def _go_to(
        self, stop: int, *, lines: int, is_skipping: bool = False, is_quoted: bool = False
    ) -> None:
        self.place = Place(
            self.place.offset + stop - self._at,
            self.place.lines + lines,
            is_skipping=is_skipping,
            is_quoted=is_quoted,
        )
        self._at = self._looked = stop
        self._lines = 0
        self._is_open = False


def _ends_quoted(line: bytes, delimiter: bytes, *, is_quoted: bool) -> bool:
    """Whether a line ends inside a quoted field; `is_quoted` where it begins inside one.

    A quote opens a field only at its beginning; elsewhere, as in 5" pipe, it is a character.
    """
    if not is_quoted and _QUOTE not in line:
        return False
    text = line if is_quoted else delimiter + line
    at = 0
    while True:
        if not is_quoted:
            opening = text.find(delimiter + _QUOTE, at)
            if opening < 0:
                return False
            at = opening + len(delimiter) + 1
        closing = _CLOSING.match(text, at)
        if closing is None:
            return True
        at, is_quoted = closing.end(), False
