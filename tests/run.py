"""`./dev test`: installs what the tests drive, then runs them all; the checks beside each other.

`--long` runs 200 chaos cycles of each mode instead of a few, and asks 200 things of each operation.
Anything else is handed to pytest.
"""

import os
import subprocess
import sys

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


def main(arguments: list[str]) -> int:
    """Run everything; gives the exit code."""
    is_long = "--long" in arguments
    rest = [argument for argument in arguments if argument != "--long"]
    ensure_installed()
    # A thousand processes begin here: what each imports is compiled once.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    failed = [] if rest else side_by_side(*STATIC, DOMAIN)
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


def run(name: str, *command: object, **environment: str) -> int:
    """Run one step, saying which; gives its exit code."""
    print(f"── {name}", flush=True)
    parts = [str(part) for part in command]
    return subprocess.run(parts, check=False, env={**os.environ, **environment}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
