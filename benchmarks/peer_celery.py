"""Runs the peer: a Redis server of its own, tasks put in one by one, a worker with two processes.

Enqueueing and working are timed apart, each with the machine to itself: the best the peer can do.
Redis writes its append-only file (`appendonly yes`, synced once a second), so an accepted task may
be lost with the power, which the product's 202 may not.
"""

import argparse
import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.bench import Bench, Sink, wait_until
from benchmarks.processes import Child, MeasurementError, free_port, python

LABEL = "Celery + Redis, prefork 2, acks_late, SQLAlchemy ORM on SQLite, Jinja2, requests/smtplib"
_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Worked:
    """What the peer reached."""

    enqueued_per_second: float
    sent_per_second: float
    cpu_us: float
    """Processor time of the workers for one notification."""
    rss_mb: float


@dataclass(slots=True)
class Peer:
    """A peer with an empty queue and an empty database."""

    bench: Bench
    env: dict[str, str]

    def enqueue(self, item: Mapping[str, object], count: int, *, rate: float = 0, first: int = 0,
                priority: int = 6) -> dict[str, Any]:  # fmt: skip
        command = python(
            "benchmarks.peer_celery", "--item", json.dumps(item), "--count", count,
            "--rate", rate, "--first", first, "--priority", priority,
        )  # fmt: skip
        with self.bench.child("peer-enqueue", command, self.env) as running:
            if running.process.wait() != 0:
                raise MeasurementError(f"enqueueing failed:\n{running.output()[-2000:]}")
            answer: dict[str, Any] = json.loads(running.output())
            return answer

    @contextmanager
    def worker(self) -> Iterator[Child]:
        command = [
            sys.executable, "-m", "celery", "-A", "benchmarks.peer_celery_app", "worker",
            "--pool", "prefork", "--concurrency", str(_PROCESSES), "--loglevel", "WARNING",
        ]  # fmt: skip
        with self.bench.child("peer-worker", command, self.env) as running:
            yield running

    def sent(self) -> int:
        return int(self._ask("SELECT count(*) FROM notifications WHERE status='SENT'")[0])

    def sent_per_second(self) -> float:
        """From the first notification sent to the last."""
        count, first, last = self._ask(
            "SELECT count(*), min(sent_at), max(sent_at) FROM notifications"
        )
        return float((count - 1) / (last - first))

    def _ask(self, question: str) -> tuple[Any, ...]:
        with closing(sqlite3.connect(self.env["PEER_DB"], timeout=30)) as connection:
            row: tuple[Any, ...] = connection.execute(question).fetchone()
            return row


def is_installed() -> bool:
    return shutil.which("redis-server") is not None


@contextmanager
def peer(bench: Bench, smtp: Sink | None = None, *, prefetch: int = 4) -> Iterator[Peer]:
    """Redis and an empty database, for as long as the block lasts."""
    port, folder = free_port(), bench.fresh("peer")
    folder.mkdir()
    redis = [
        "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
        "--appendonly", "yes",
    ]  # fmt: skip
    env = {
        "PEER_BROKER": f"redis://127.0.0.1:{port}/0",
        "PEER_DB": str(folder / "peer.db"),
        "PEER_PREFETCH": str(prefetch),
        **({"PEER_SMTP_PORT": str(smtp.port)} if smtp else {}),
    }
    with bench.child("peer-redis", redis) as running:
        running.wait_for("Ready to accept connections")
        yield Peer(bench, env)


def work(
    bench: Bench, item: Mapping[str, object], *, count: int, smtp: Sink | None = None
) -> Worked:
    """Put `count` tasks in, then work them off."""
    with peer(bench, smtp) as running:
        enqueued = running.enqueue(item, count)
        with running.worker() as worker:
            wait_until(lambda: running.sent() >= count // 10, "the peer's first tasks")
            before, cpu_before = running.sent(), worker.cpu_seconds()
            wait_until(lambda: running.sent() == count, "the peer's last task")
            cpu, done = worker.cpu_seconds() - cpu_before, count - before
            return Worked(
                enqueued_per_second=count / enqueued["seconds"],
                sent_per_second=running.sent_per_second(),
                cpu_us=cpu / done * 1e6,
                rss_mb=worker.rss_mb(),
            )


def _enqueue(options: argparse.Namespace) -> dict[str, object]:
    from benchmarks.peer_celery_app import Base, deliver, engine

    Base.metadata.create_all(engine())
    items = [
        {"id": f"peer-{number}", **json.loads(options.item.replace("@N@", str(number)))}
        for number in range(options.first, options.first + options.count)
    ]
    deliver.app.connection_for_write().ensure_connection()
    started_at, starts = time.monotonic(), []
    for number, item in enumerate(items):
        if options.rate:
            time.sleep(max(0.0, started_at + number / options.rate - time.monotonic()))
            starts.append(time.monotonic())
        deliver.apply_async((item,), priority=options.priority)
    return {"seconds": time.monotonic() - started_at, "starts": starts}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.peer_celery", description="Put tasks in.")
    parser.add_argument("--item", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--priority", type=int, default=6, help="0 is the highest in Redis")
    print(json.dumps(_enqueue(parser.parse_args())))


if __name__ == "__main__":
    main()
