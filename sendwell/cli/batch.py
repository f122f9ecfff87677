"""Sending a file of notifications, in calls of some hundred, with a word about each refusal."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sendwell.cli.batch_file import Item, chunks, read_items
from sendwell.cli.client import Client
from sendwell.cli.screen import console, disarm, warn
from sendwell.domain.errors import Invalid, SendwellError, Unavailable

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

STDIN = "-"
_LINES = {"Content-Type": "application/x-ndjson"}
_MOST_TRIES = 10
_MOST_TOLD = 100


@dataclass(slots=True)
class Tally:
    """What has become of the file so far."""

    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def add(self, chunk: Sequence[Item], answer: dict[str, Any]) -> list[dict[str, Any]]:
        """Count an answer; gives its refusals, with the lines of the file."""
        self.accepted += answer["accepted"]
        self.duplicate += answer["duplicate"]
        self.refused += answer["refused"]
        refusals = [
            {"line": chunk[item["index"]].line}
            | {name: item[name] for name in ("code", "detail", "errors")}
            for item in answer["items"]
            if item["status"] == "refused"
        ]
        self.refusals += refusals
        return refusals

    def __str__(self) -> str:
        return f"{self.accepted:,} accepted, {self.duplicate:,} repeated, {self.refused:,} refused"


def send_file(client: Client, name: str, *, key: str | None) -> Tally:
    """Send all notifications of a file; each refusal is told as it comes.

    With a `key` each call has an idempotency key made from it, so that sending the same file with
    it again sends nothing twice. Raises SendwellError when it cannot go on, having said how far
    it came.
    """
    tally = Tally()
    with _opened(name) as file, _progress(name) as (bar, task):
        try:
            for number, chunk in enumerate(chunks(read_items(file))):
                answer = _send(client, chunk, key and f"{key}-{number}")
                told = tally.refused
                for line in _told(tally.add(chunk, answer), told):
                    bar.console.print(disarm(line), markup=False, style="red")
                bar.advance(task, sum(len(item.json) + 1 for item in chunk))
        except SendwellError:
            warn(f"It ended early: {tally}.")
            raise
        bar.update(task, completed=bar.tasks[0].total or 1, total=bar.tasks[0].total or 1)
    return tally


def _send(client: Client, chunk: Sequence[Item], key: str | None) -> dict[str, Any]:
    body = b"\n".join(item.json for item in chunk)
    headers = _LINES | ({"Idempotency-Key": key} if key else {})
    for _ in range(_MOST_TRIES):
        try:
            answer: dict[str, Any] = client.post("/notifications/batch", body, headers=headers)
        except Unavailable as later:  # nothing of the call was stored
            time.sleep(later.retry_after.total_seconds())
        else:
            return answer
    raise Unavailable("Sendwell has been too busy for a while; send the rest later.")


def _told(refusals: Sequence[dict[str, Any]], told: int) -> Iterator[str]:
    """Lines about refusals, when `told` have been told already."""
    for number, refusal in enumerate(refusals, start=told):
        if number == _MOST_TOLD:
            yield f"Further refusals are only counted; --json lists all, {_MOST_TOLD} are here."
        if number < _MOST_TOLD:
            yield f"line {refusal['line']}: {refusal['detail']}"


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == STDIN:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise Invalid(f"{name} cannot be read: {error.strerror}.") from error


@contextmanager
def _progress(name: str) -> Iterator[tuple["Progress", "TaskID"]]:
    """A bar on standard error, by the bytes of the file; nothing where that is no terminal."""
    from rich.progress import Progress

    total = None if name == STDIN else Path(name).stat().st_size
    screen = console(is_error=True)
    with Progress(console=screen, disable=not screen.is_terminal, transient=True) as bar:
        yield bar, bar.add_task("Sending", total=total)
