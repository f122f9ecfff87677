"""`./dev services`: install what tests and benchmarks drive, or run some of it for people."""

import sys
from collections.abc import Callable, Mapping, Sequence

from tests.services.kept import Kept, Notes
from tests.services.packages import ensure_installed
from tests.services.servers import KINDS


def main(arguments: Sequence[str], notes: Notes) -> int:
    """Do it; gives the exit code."""
    if not arguments:
        ensure_installed()
        return 0
    action, *names = arguments
    if action not in ACTIONS or set(names) - set(KINDS):
        print("Usage: ./dev services [start|stop|status] [NAME…]", file=sys.stderr)
        print(f"Names: {', '.join(KINDS)}", file=sys.stderr)
        return 2
    return ACTIONS[action](names, notes)


def start(names: Sequence[str], notes: Notes) -> int:
    """Start those (all, unless named) and say where they are; 1 when one of them does not run."""
    reasons = {name: KINDS[name].why_not() for name in names or KINDS}
    failures = [reason for reason in reasons.values() if reason is not None]
    for result in notes.start([name for name, reason in reasons.items() if reason is None]):
        if isinstance(result, Kept):
            print(result.line(), flush=True)
        else:
            failures.append(result)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def stop(names: Sequence[str], notes: Notes) -> int:
    """Stop those (all, unless named) and throw away their data."""
    for each in _chosen(names, notes):
        each.stop()
        print(f"{each.name:10} stopped", flush=True)
    return 0


def status(names: Sequence[str], notes: Notes) -> int:
    """Say which run, and where."""
    running = _chosen(names, notes)
    for each in running:
        print(f"{each.line()}\n{'':10} as superuser {each.admin_url}, data in {each.folder}")
    if not running:
        print("None of them runs. Start them with: ./dev services start")
    return 0


def _chosen(names: Sequence[str], notes: Notes) -> list[Kept]:
    return [each for each in notes.running() if not names or each.name in names]


ACTIONS: Mapping[str, Callable[[Sequence[str], Notes], int]] = {
    "start": start,
    "stop": stop,
    "status": status,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Notes()))
