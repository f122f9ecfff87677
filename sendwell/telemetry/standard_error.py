"""Standard error of a process that is not to end for what it cannot say."""

import io
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def forgiving(file: TextIO) -> TextIO:
    """Writes where `file` does, and never fails.

    Its disk may be full, its terminal closed, whoever read its pipe dead: then lines are lost, and
    nobody who says something, nor a flush at the end, hears of it.
    """
    return io.TextIOWrapper(
        io.BufferedWriter(_Forgiving(file.fileno(), "w", closefd=False)),
        encoding=file.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


class _Forgiving(io.FileIO):
    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            written: int | None = super().write(data)
        except OSError:
            written = None
        return memoryview(data).nbytes if written is None else written
