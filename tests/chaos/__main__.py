"""`./dev chaos`: do harm at random moments and count what was lost or doubled."""

import argparse
import asyncio
import logging
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos import report
from tests.chaos.checker.case import Violation
from tests.chaos.checker.check import check
from tests.chaos.cluster import experiment as cluster
from tests.chaos.cluster import report as cluster_report
from tests.chaos.cluster.servers import NEEDS, Mode
from tests.chaos.evidence import Evidence
from tests.chaos.experiment import Settings, run
from tests.chaos.nemesis import DiedByItselfError
from tests.services.servers import KINDS

_EMBEDDED = "embedded"


def main() -> int:
    """Run it; 0 when nothing was lost and nothing doubled."""
    # Whoever stops us stops the product with us: both signals unwind the run.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # that a broker is away is our doing
    options = _options()
    folder = Path(tempfile.mkdtemp(prefix="sendwell-chaos-"))
    settings = Settings(
        folder=folder, cycles=options.cycles, seed=options.seed, per_second=options.per_second
    )
    print(f"seed {settings.seed}, {settings.per_second:g} notifications a second, in {folder}")
    try:
        is_good = _embedded(settings) if options.mode == _EMBEDDED else _cluster(settings, options)
    except KeyboardInterrupt:
        print(f"Stopped before its end; what there is is kept in {folder}")
        return 130
    except DiedByItselfError as died:
        print(f"VIOLATION: {died}\nWhat is left of it is kept in {folder}")
        return 1
    if not is_good:
        print(f"What is on disk and the producer's log are kept in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


def _embedded(settings: Settings) -> bool:
    result = asyncio.run(
        run(settings, lambda p: print(report.line(p, settings), flush=True), reading=_tell_reading)
    )
    violations = check(result.evidence)
    _tell(result.evidence, violations)
    print(report.summary(settings, result, violations))
    return not violations


def _cluster(settings: Settings, options: argparse.Namespace) -> bool:
    mode = Mode(options.mode)

    def tell(cycle: int, trouble: cluster.Trouble, accepted: int) -> None:
        print(cluster_report.line(cycle, trouble, accepted, settings), flush=True)

    outcome = asyncio.run(
        cluster.run(settings, mode, tell, reading=_tell_reading, previous=options.previous)
    )
    violations = check(outcome.evidence)
    _tell(outcome.evidence, violations)
    print(cluster_report.summary(settings, mode, outcome, violations))
    return not violations


def _tell_reading(number: int, total: int) -> None:
    print(f"at rest; reading its record: {number} of {total} notifications", flush=True)


def _tell(evidence: Evidence, violations: list[Violation]) -> None:
    for detail in report.details(evidence, violations):
        print(detail)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev chaos",
        description="Do harm at random moments and count what was lost or doubled.",
    )
    parser.add_argument(
        "--mode",
        default=_EMBEDDED,
        choices=[_EMBEDDED, *Mode],
        help="embedded (one process, one SQLite file), or two processes on PostgreSQL alone, or"
        " with Kafka and Redis, or with RabbitMQ; all real",
    )
    parser.add_argument("--cycles", type=int, default=20, help="how often to do harm (20)")
    parser.add_argument("--per-second", type=float, default=50, help="notifications to send (50)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of all chance")
    parser.add_argument(
        "--previous",
        metavar="REVISION",
        help="with servers: begin with this version (as git names it, say HEAD~1) and change over",
    )
    options = parser.parse_args()
    if options.cycles < 1 or options.per_second <= 0:
        parser.error("--cycles must be at least 1, and --per-second more than 0.")
    if options.mode != _EMBEDDED:
        for name in NEEDS[Mode(options.mode)]:
            if (reason := KINDS[name].why_not()) is not None:
                parser.error(f"{reason}; `./dev services` installs it.")
    return options


if __name__ == "__main__":
    sys.exit(main())
