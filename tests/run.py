"""`./dev test`: installs what the tests drive, then runs them all; the checks beside each other.

`--long` runs 200 chaos cycles of each mode instead of a few, and asks 200 things of each operation.
Anything else is handed to pytest.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services.packages import ensure_installed

BIN = Path(sys.executable).parent
CHECKS = (
    ("format", (BIN / "ruff", "format", "--check", ".")),
    ("lint", (BIN / "ruff", "check", ".")),
    ("types", (BIN / "mypy",)),
    ("contracts", (BIN / "lint-imports", "--no-cache")),
    (
        "every branch of the domain",
        (
            BIN / "pytest",
            "-q",
            "--hypothesis-seed=0",
            "tests/unit/domain",
            "--cov=sendwell.domain",
            "--cov-branch",
            "--cov-report=term-missing:skip-covered",
            "--cov-fail-under=100",
        ),
    ),
)

WORKERS = os.cpu_count() or 1
"""As many as can run: what is timed is not to wait for others."""

LONG = {"SENDWELL_CHAOS_CYCLES": "200", "SENDWELL_SCHEMA_EXAMPLES": "200"}


def main(arguments: list[str]) -> int:
    """Run everything; gives the exit code."""
    is_long = "--long" in arguments
    rest = [argument for argument in arguments if argument != "--long"]
    ensure_installed()
    # A thousand processes begin here: what each imports is compiled once.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = [] if rest else check()
    environment = dict(LONG) if is_long else {}
    workers = () if any(each.startswith("-n") for each in rest) else ("-n", f"{WORKERS}")
    # The checks have asked the domain the same already; a long run asks it other things.
    done = () if is_long else ("--ignore=tests/unit/domain",)
    what = rest or ("tests", *done)
    tests = ("-q", *workers, "--dist", "loadgroup", *what)
    if run("tests", BIN / "pytest", *tests, **environment):
        failed.append("tests")
    for name in failed:
        print(f"FAILED: {name}", file=sys.stderr)
    return 1 if failed else 0


def check() -> list[str]:
    """Run the checks all at once; gives the names of those that failed."""
    with ThreadPoolExecutor(len(CHECKS)) as side_by_side:
        done = side_by_side.map(lambda check: _output_of(*check[1]), CHECKS)
        failed = []
        for (name, _), (code, said) in zip(CHECKS, done, strict=True):
            print(f"── {name}\n{said}", end="", flush=True)
            if code:
                failed.append(name)
    return failed


def _output_of(*command: object) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command],
        check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    return done.returncode, done.stdout


def run(name: str, *command: object, **environment: str) -> int:
    """Run one step, saying which; gives its exit code."""
    print(f"── {name}", flush=True)
    parts = [str(part) for part in command]
    return subprocess.run(parts, check=False, env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
