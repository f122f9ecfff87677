"""`./dev test`: installs what the tests drive, then runs them all; the checks beside each other.

`--long` runs 200 chaos cycles of each mode instead of a few, and asks 200 things of each operation.
Anything else is handed to pytest.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.check import BIN, STATIC, Check, side_by_side
from tests.services.packages import ensure_installed

DOMAIN = Check(
    "every branch of the domain",
    (
        BIN / "pytest",
        "-q",
        "-n2",
        "--hypothesis-seed=0",
        "tests/unit/domain",
        "--cov=sendwell.domain",
        "--cov-branch",
        "--cov-report=term-missing:skip-covered",
        "--cov-fail-under=100",
    ),
)

WORKERS = 1 + (os.cpu_count() or 1)
"""Much of a test is waiting for what was killed to come back; more of them would be late for it."""

LONG = {"SENDWELL_CHAOS_CYCLES": "200", "SENDWELL_SCHEMA_EXAMPLES": "200"}


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
PLENTY = 12 << 30
"""Bytes. All that the tests leave is less than 4 GiB."""


def main(arguments: list[str]) -> int:
    """Run everything; gives the exit code."""
    is_long = "--long" in arguments
    rest = [argument for argument in arguments if argument != "--long"]
    ensure_installed()
    # A thousand processes begin here: what each imports is compiled once.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = [] if rest else side_by_side(*STATIC, DOMAIN)
    workers = () if any(each.startswith("-n") for each in rest) else ("-n", f"{WORKERS}")
    # The checks have asked the domain the same already; a long run asks it other things.
    done = () if is_long else ("--ignore=tests/unit/domain",)
    what = rest or ("tests", *done)
    tests = ("-q", *workers, "--dist", "loadgroup", *what)
    longer = LONG if is_long else {}
    with place() as where:
        if run("tests", BIN / "pytest", *tests, **where, **longer):
            failed.append("tests")
    for name in failed:
        print(f"FAILED: {name}", file=sys.stderr)
    return 1 if failed else 0


@contextmanager
def place() -> Iterator[Mapping[str, str]]:
    """Where the tests keep their files: in memory where there is plenty of it.

    They make thousands of databases and wait for the disk at each commit; where others use the same
    disk some of them wait for so long that what they test counts as gone.
    """
    if "TMPDIR" in os.environ or not has_plenty():
        yield {}
        return
    with TemporaryDirectory(dir=MEMORY, prefix="sendwell-tests-") as folder:
        Path(folder).chmod(0o755)  # servers run as users of their own
        yield {"TMPDIR": folder}


def has_plenty() -> bool:
    """Whether the machine can spare the memory."""
    try:
        known = Path("/proc/meminfo").read_text(encoding="ascii").split()
    except OSError:
        return False
    free = int(known[known.index("MemAvailable:") + 1]) << 10
    return MEMORY.is_dir() and min(free, shutil.disk_usage(MEMORY).free) >= PLENTY


def run(name: str, *command: object, **environment: str) -> int:
    """Run one step, saying which; gives its exit code."""
    print(f"── {name}", flush=True)
    parts = [str(part) for part in command]
    return subprocess.run(parts, check=False, env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
