"""Notifications in a file of any size: NDJSON, or one JSON list. Read as it is sent."""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import BinaryIO

from sendwell.domain.errors import Invalid

MOST_ITEMS = 500
MOST_BYTES = 8 * 1024 * 1024
"""In one call; the API takes 1,000 items and 10 MB."""

_LARGEST_ITEM = 2 * 1024 * 1024  # the API refuses one above 1 MiB; that answer is the better one
_BLOCK = 16 * 1024
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Item:
    """One notification as it stands in the file, on one line; `line` is where it begins."""

    line: int
    json: bytes


def read_items(file: BinaryIO) -> Iterator[Item]:
    """The notifications of a file, in order. Raises Invalid with the line of what is unreadable.

    Lines of NDJSON are taken as they are: what is wrong with one refuses only that one.
    """
    first, line = _first_character(file)
    return _from_list(file, line) if first == b"[" else _from_lines(file, first, line)


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in groups that fit into one call."""
    chunk: list[Item] = []
    size = 0
    for item in items:
        if chunk and (len(chunk) == MOST_ITEMS or size + len(item.json) > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += len(item.json) + 1
    if chunk:
        yield chunk


def _first_character(file: BinaryIO) -> tuple[bytes, int]:
    line = 1
    while (character := file.read(1)) and character in b" \t\r\n\xef\xbb\xbf":
        line += character == b"\n"
    return character, line


def _from_lines(file: BinaryIO, first: bytes, line: int) -> Iterator[Item]:
    for number in count(line):
        text = first + file.readline(_LARGEST_ITEM)
        if not text:
            return
        if not text.endswith(b"\n") and len(text) >= _LARGEST_ITEM:
            raise Invalid(f"Line {number} is longer than a notification can be.")
        first = b""
        if text.strip():
            yield Item(number, text.strip())


def _from_list(file: BinaryIO, line: int) -> Iterator[Item]:
    """The items of a list whose bracket is read already."""
    text = _Text(file, line)
    is_last = text.next_character() == "]"
    while not is_last:
        start, slice_ = text.line, text.value()
        # Between tokens a line end is a space, and within strings JSON has none.
        yield Item(start, slice_.replace("\r", " ").replace("\n", " ").encode())
        is_last = text.next_character() == "]"
        if not is_last:
            text.skip_comma()
    text.end()


class _Text:
    """A window over the text of a JSON list, with the number of the line it begins at."""

    def __init__(self, file: BinaryIO, line: int) -> None:
        self.line = line
        self._file = io.TextIOWrapper(file, encoding="utf-8", errors="strict", newline="")
        self._window = ""
        self._decode = json.JSONDecoder().raw_decode

    def next_character(self) -> str:
        """What comes next behind any space; empty at the end of the file."""
        while True:
            stripped = self._window.lstrip(_SPACE)
            self.line += self._window[: len(self._window) - len(stripped)].count("\n")
            self._window = stripped
            if stripped or not self._read():
                return stripped[:1]

    def skip_comma(self) -> None:
        """Go past a comma, which must be there and be followed by a value."""
        if self.next_character() != ",":
            raise self.wrong("a comma or ] is missing")
        self._window = self._window[1:]
        if self.next_character() == "]":
            raise self.wrong("there is a comma before the ]")

    def end(self) -> None:
        """Go past the ], behind which nothing may stand: it would never be sent."""
        self._window = self._window[1:]
        if self.next_character():
            raise self.wrong("something stands behind its ]")

    def value(self) -> str:
        """Go past one JSON value; gives its text."""
        while True:
            try:
                _, end = self._decode(self._window)
            except json.JSONDecodeError as error:
                if len(self._window) > _LARGEST_ITEM or not self._read():
                    self.line += error.lineno - 1
                    raise self.wrong(error.msg) from error
                continue
            except RecursionError as error:
                raise self.wrong("its values are nested too deep") from error
            if end < len(self._window) or not self._read():
                break
        text, self._window = self._window[:end], self._window[end:]
        self.line += text.count("\n")
        return text

    def wrong(self, why: str) -> Invalid:
        """The error for what stands here."""
        return Invalid(f"In line {self.line} the file stops being a JSON list: {why}.")

    def _read(self) -> bool:
        try:
            block = self._file.read(_BLOCK)
        except UnicodeDecodeError as error:
            raise self.wrong(f"it is not UTF-8 ({error.reason})") from error
        self._window += block
        return bool(block)
