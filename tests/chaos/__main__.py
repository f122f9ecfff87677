"""`./dev chaos`: kill the product at random moments and count what was lost or doubled."""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos import report
from tests.chaos.checker.check import check
from tests.chaos.experiment import Settings, run
from tests.chaos.nemesis import DiedByItselfError


def main() -> int:
    """Run it; 0 when nothing was lost and nothing doubled."""
    # Whoever stops us stops the product with us: both signals unwind the run.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="sendwell-chaos-"))
    settings = Settings(
        folder=folder, cycles=options.cycles, seed=options.seed, per_second=options.per_second
    )
    print(f"seed {settings.seed}, {settings.per_second:g} notifications a second, in {folder}")
    try:
        result = asyncio.run(run(settings, lambda p: print(report.line(p, settings), flush=True)))
    except KeyboardInterrupt:
        print(f"Stopped before its end; what there is is kept in {folder}")
        return 130
    except DiedByItselfError as died:
        print(f"VIOLATION: {died}\nWhat is left of it is kept in {folder}")
        return 1
    violations = check(result.evidence)
    for detail in report.details(result.evidence, violations):
        print(detail)
    print(report.summary(settings, result, violations))
    if violations:
        print(f"The database and the producer's log are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev chaos", description=__doc__)
    parser.add_argument("--cycles", type=int, default=20, help="how often to kill (20)")
    parser.add_argument("--per-second", type=float, default=50, help="notifications to send (50)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of all chance")
    parser.add_argument("--mode", default="embedded", help="embedded: one process, one SQLite file")
    options = parser.parse_args()
    if options.mode != "embedded":
        parser.error(
            f"there is no mode {options.mode!r} yet: only embedded, which is one process on one"
            " SQLite file. Separate processes come with the real servers."
        )
    if options.cycles < 1 or options.per_second <= 0:
        parser.error("--cycles must be at least 1, and --per-second more than 0.")
    return options


if __name__ == "__main__":
    sys.exit(main())
