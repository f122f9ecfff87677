"""`./dev check`: what tells of most mistakes in about a minute, all at once.

`--fix` formats and mends first, where a tool can.
"""

import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent


class Check(NamedTuple):
    """Something that finds mistakes: the exit code tells whether it found any."""

    name: str
    command: tuple[object, ...]


STATIC = (
    Check("format", (BIN / "ruff", "format", "--check", ".")),
    Check("lint", (BIN / "ruff", "check", ".")),
    Check("types", (BIN / "mypy",)),
    Check("contracts", (BIN / "lint-imports", "--no-cache")),
)
UNIT = Check(
    "unit tests",
    (BIN / "pytest", "-q", "-n2", "--hypothesis-profile=quick", "tests/unit", "tests/architecture"),
)
FIXES = (
    (BIN / "ruff", "format", "."),
    (BIN / "ruff", "check", "--fix-only", "--quiet", "."),
)


def main(arguments: list[str]) -> int:
    """Check everything; gives the exit code."""
    if "--fix" in arguments:
        for fix in FIXES:
            subprocess.run([str(part) for part in fix], check=False)
    failed = side_by_side(*STATIC, UNIT)
    for name in failed:
        print(f"FAILED: {name}", file=sys.stderr)
    return 1 if failed else 0


def side_by_side(*checks: Check) -> list[str]:
    """Run them all at once, and print of each what it said as it ends; gives who failed."""
    with ThreadPoolExecutor(len(checks)) as pool:
        running = {pool.submit(_output_of, *check.command): check.name for check in checks}
        return list(_printed(running))


def _printed(running: dict[Future[tuple[int, str]], str]) -> Iterable[str]:
    for done in as_completed(running):
        code, said = done.result()
        print(f"── {running[done]}\n{said}", end="", flush=True)
        if code:
            yield running[done]


def _output_of(*command: object) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command],
        check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
