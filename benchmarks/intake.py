"""How fast notifications are accepted: the 202 says that they are on disk.

The dispatcher goes on at the same time, into the null provider; nobody pauses it.
"""

import json
from collections.abc import Iterator, Sequence

from benchmarks import peer_celery
from benchmarks.bench import Bench, Loaded
from benchmarks.engines import Engine, product, spike
from benchmarks.figures import Sample, Who
from benchmarks.processes import MeasurementError, python
from benchmarks.words import mail_item

_SQLITE = "rows into SQLite, WAL, synchronous=FULL, one writer, nothing around it"
_POSTGRES = "rows into PostgreSQL as arrays (unnest), one connection, its usual durability"
_PEER = "Celery apply_async into Redis, appendonly everysec; one process, no HTTP before it"


def measure(bench: Bench) -> Iterator[Sample]:
    yield from limits(bench)
    with spike(bench, "null") as floor:
        yield from _taken(bench, floor)
    with product(bench, "null") as engine:
        yield from _taken(bench, engine)
    if peer_celery.is_installed():
        yield from _enqueued(bench)


def limits(bench: Bench) -> Iterator[Sample]:
    """What the disk and the database allow, with nothing around them."""
    with bench.servers.database() as database:
        figures = _limits(bench, ["--database", database] if database else [])
    rows = _POSTGRES if database else _SQLITE
    for case, value in figures.items():
        what = "8 kB over a file that is there" if case == "fsync" else rows
        yield Sample(f"limit: {case}", Who.FLOOR, value, "/s", what)


def _limits(bench: Bench, where: Sequence[str]) -> dict[str, float]:
    command = python(
        "benchmarks.floor_rows", "--folder", bench.folder, "--seconds", bench.size(3, 1), *where
    )
    with bench.child("floor-rows", command) as running:
        if running.process.wait() != 0:
            raise MeasurementError(f"the floor failed:\n{running.output()[-2000:]}")
        figures: dict[str, float] = json.loads(running.output())
    return figures


def _taken(bench: Bench, engine: Engine) -> Iterator[Sample]:
    bench.say(f"intake of the {engine.who}: one per request")
    single = _posted(bench, engine, bench.size(20_000, 4_000), batch=1)
    yield engine.sample("intake: one per request", single.rate)
    yield engine.sample("intake: one per request, 202 p50", single.p50_ms, "ms")
    yield engine.sample("intake: one per request, 202 p99", single.p99_ms, "ms")
    bench.say(f"intake of the {engine.who}: batches of 100")
    batch = _posted(bench, engine, bench.size(100_000, 20_000), batch=100)
    yield engine.sample("intake: batches of 100", batch.rate)


def _posted(bench: Bench, engine: Engine, count: int, *, batch: int) -> Loaded:
    first = engine.sent()
    loaded = bench.load(
        engine.ports, mail_item(), count=count, batch=batch, first=first, key=engine.key
    )
    engine.wait_until_sent(first + count)
    return loaded


def _enqueued(bench: Bench) -> Iterator[Sample]:
    count = bench.size(2_000, 500)
    bench.say("intake of the peer: tasks enqueued one by one")
    with peer_celery.peer(bench) as running:
        rate = count / running.enqueue(mail_item(), count)["seconds"]
    yield Sample("intake: one per request", Who.PEER, rate, "/s", _PEER)
    yield Sample("intake: batches of 100", Who.PEER, rate, "/s", _PEER)
