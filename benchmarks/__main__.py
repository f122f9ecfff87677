"""`./dev bench [NAME …]`: Sendwell beside the physical floor and a peer, measured in one run."""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from benchmarks import peer_celery
from benchmarks.bench import Bench
from benchmarks.figures import Sample, as_json, as_table, rows
from benchmarks.machine import facts, watched
from benchmarks.processes import MeasurementError
from benchmarks.servers import On, Servers, running


@dataclass(frozen=True, slots=True)
class Measure:
    """A benchmark: the module whose `measure` yields one round, and how many rounds are usual."""

    module: str
    about: str
    rounds: int = 3
    needs_bus: bool = False

    def samples(self, bench: Bench) -> Iterator[Sample]:
        measure: Callable[[Bench], Iterator[Sample]] = import_module(self.module).measure
        return measure(bench)


MEASURES = {
    "intake": Measure("benchmarks.intake", "durable 202s: one per request, and batches of 100"),
    "render": Measure("benchmarks.render", "templates, formats, MIME"),
    "smtp": Measure("benchmarks.smtp_client", "the SMTP client alone, against a sink"),
    "http": Measure("benchmarks.http", "the HTTP client alone, against a sink"),
    "end-to-end": Measure("benchmarks.end_to_end", "accepted to SENT: null, HTTP and SMTP sinks"),
    "services": Measure(
        "benchmarks.services",
        "the same with roles as services, a bus between (--on)",
        needs_bus=True,
    ),
    "priority": Measure(
        "benchmarks.priority", "critical latency, idle and behind 100,000 low ones"
    ),
    "growth": Measure(
        "benchmarks.growth", "10 thousand against 1 million stored (--rows)", rounds=1
    ),
    "people": Measure(
        "benchmarks.people", "import, look-up, and planning with all rules beside none (--rows)"
    ),
    "memory": Measure("benchmarks.memory", "one process: idle, under load, and twice the load"),
}


def main() -> int:
    options = _options(sys.argv[1:])
    if options.list:
        print("\n".join(f"{name:12} {measure.about}" for name, measure in MEASURES.items()))
        return 0
    if not peer_celery.is_installed():
        print("redis-server is missing, so no peer: `./dev services` installs it", file=sys.stderr)
    signal.signal(signal.SIGTERM, _end)
    machine = facts()
    try:
        with running(options.on) as servers:
            runs = [_run(name, options, servers) for name in options.names or _usual(options.on)]
    except MeasurementError as problem:
        print(problem, file=sys.stderr)
        return 1
    machine |= {"on": options.on, "workers": options.workers}
    if options.json:
        _print_json(runs, machine)
    else:
        _print_tables(runs, machine)
    return 1 if any(run.problem for run in runs) else 0


def _usual(on: On) -> list[str]:
    """What is measured when nothing is named."""
    return [
        name for name, measure in MEASURES.items() if on is not On.SQLITE or not measure.needs_bus
    ]


def _end(number: int, _: object) -> NoReturn:
    """As Ctrl-C does: every `with` is left, so that nothing that was started outlives us."""
    sys.exit(128 + number)


@dataclass(slots=True)
class Run:
    """One benchmark with all its rounds; `problem` says why figures are missing, `others` how many
    cores were busy with something else, round by round.
    """

    name: str
    samples: list[Sample] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    problem: str = ""


def _run(name: str, options: argparse.Namespace, servers: Servers) -> Run:
    run, measure = Run(name), MEASURES[name]
    rounds = options.rounds or (1 if options.quick else measure.rounds)
    with tempfile.TemporaryDirectory(prefix="sendwell-bench-", dir=options.folder) as folder:
        bench = Bench(
            Path(folder), is_quick=options.quick, commands=run.commands,
            servers=servers, workers=options.workers, rows=options.rows,
        )  # fmt: skip
        try:
            for number in range(1, rounds + 1):
                print(f"{name}, round {number} of {rounds}", file=sys.stderr, flush=True)
                with watched(run.others):
                    run.samples.extend(measure.samples(bench))
        except MeasurementError as problem:
            run.problem = str(problem)
            print(f"{name} gave no more figures: {problem}", file=sys.stderr)
    return run


def _print_json(runs: Sequence[Run], machine: dict[str, object]) -> None:
    figures = {
        run.name: {
            "figures": as_json(rows(run.samples)),
            "commands": run.commands,
            "cores_busy_with_others": run.others,
            **({"problem": run.problem} if run.problem else {}),
        }
        for run in runs
    }
    print(json.dumps({"machine": machine, "benchmarks": figures}, indent=2))


def _print_tables(runs: Sequence[Run], machine: dict[str, object]) -> None:
    for run in runs:
        if run.samples:
            print(f"\n{run.name}\n{as_table(rows(run.samples))}")
            print(f"cores busy with others: {', '.join(map(str, run.others))}")
    told = ("on", "workers", "cores", "processor", "python", "sqlite", "load_before")
    print("\n" + ", ".join(f"{key} {machine[key]}" for key in told))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measure Sendwell beside what the machine can do (floor) and beside a peer.",
        epilog="Medians of the rounds; ratios hold better than figures. See benchmarks/README.md.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (see --list); else all")
    parser.add_argument("--list", action="store_true", help="list the benchmarks")
    parser.add_argument(
        "--json", action="store_true", help="machine facts, rounds and commands too"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small counts, one round: a smoke test"
    )
    parser.add_argument("--rounds", type=int, default=0, help="instead of each benchmark's own")
    parser.add_argument(
        "--on", type=On, choices=list(On), default=On.SQLITE,
        help="what it stands on; a broker comes beside PostgreSQL",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, choices=(1, 2), default=1, help="processes on the one database"
    )
    parser.add_argument(
        "--rows", type=int, default=0, help="the large store of `growth`, the file of `people`"
    )
    parser.add_argument("--folder", type=Path, help="where the files lie, on the disk to measure")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in MEASURES]:
        parser.error(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(MEASURES)}")
    if options.workers > 1 and options.on is On.SQLITE:
        parser.error("SQLite has one process; several share a PostgreSQL: --on postgres")
    return options


if __name__ == "__main__":
    sys.exit(main())
