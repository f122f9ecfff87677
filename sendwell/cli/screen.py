"""What commands print: answers on standard output, everything else on standard error."""

import functools
import json
import re
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import typer

from sendwell.domain.errors import SendwellError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

P = ParamSpec("P")
R = TypeVar("R")
_ORDERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
"""What a terminal obeys instead of showing it, and what makes words read backwards."""
_IN_JSON = re.compile(r"[\x7f-\x9f\u202a-\u202e]")
"""Those that JSON does not escape."""
REFUSED = 1
"""The exit code when something was refused or has failed; 2 is for how a command is called."""

STYLES = {
    "SENT": "green", "DELIVERED": "green", "ok": "green",
    "DEAD": "red", "FAILED": "red", "BOUNCED": "red", "COMPLAINED": "red", "wrong": "red",
    "RETRYING": "yellow", "RETRIED": "yellow", "HELD": "yellow", "SCHEDULED": "yellow",
    "SUPPRESSED": "magenta", "EXPIRED": "magenta", "CANCELLED": "magenta", "note": "yellow",
}  # fmt: skip
"""Colours of states, events and findings; what is not here has none."""


def speaking(command: Callable[P, R]) -> Callable[P, R]:
    """The command, with errors told as sentences and exit code 1 instead of a traceback."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SendwellError as error:
            complain(error)
            raise typer.Exit(REFUSED) from error

    return run


def complain(error: SendwellError) -> None:
    """Say what went wrong, and where each flaw is."""
    warn(f"sendwell: {error.message}")
    for flaw in error.flaws:
        if flaw.why not in error.message:
            warn(f"  {flaw.pointer or '/'}: {flaw.why}")


def warn(words: str) -> None:
    """A line on standard error."""
    print(disarm(words), file=sys.stderr, flush=True)


def print_json(document: Any) -> None:
    """The document for programs."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    print(_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def disarm(words: str) -> str:
    """The words with a sign in the place of each character that would do something to a terminal:
    what strangers wrote is shown here, too.
    """
    return _ORDERS.sub("\N{REPLACEMENT CHARACTER}", words.replace("\r\n", "\n"))


@functools.cache
def console(*, is_error: bool = False) -> "Console":
    """Standard output, or standard error, in colour where it is a terminal."""
    from rich.console import Console

    return Console(stderr=is_error, highlight=False, soft_wrap=True)


def show(*lines: "Text | str") -> None:
    """Print lines of any width, each as it is: nothing is wrapped, so that they can be searched."""
    for line in lines:
        console().print(_disarmed(line), markup=False)


def _disarmed(line: "Text | str") -> "Text | str":
    if isinstance(line, str):
        return disarm(line)
    line.plain = disarm(line.plain)
    return line


def styled(word: str, width: int = 0) -> "Text":
    """A state or event in its colour, filled up with spaces."""
    from rich.text import Text

    return Text(word.ljust(width), style=STYLES.get(word, ""))


def show_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns with a header; None is shown as nothing. States have their colours."""
    from rich.text import Text

    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    show(Text("  ".join(map(str.ljust, header, widths)).rstrip(), style="bold"))
    for row in cells:
        line = Text("  ").join(map(styled, row, widths))
        line.rstrip()
        show(line)
