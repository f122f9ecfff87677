"""Memory of one process: after its start, at the height of the load, and whether it stays there."""

from collections.abc import Iterator

from benchmarks import peer_celery
from benchmarks.bench import Bench
from benchmarks.end_to_end import send_all
from benchmarks.engines import Engine, product, spike
from benchmarks.figures import Sample, Who
from benchmarks.words import webhook_item

_PEER = f"{peer_celery.LABEL}: all processes of the worker"
_LOADS = ("most under load", "most after twice the load")


def measure(bench: Bench) -> Iterator[Sample]:
    for engine in (spike, product):
        with bench.sink("http") as sink, engine(bench, "http", sink) as running:
            yield running.sample("start until ready", running.start_seconds, "s")
            yield from _used(bench, running, webhook_item(sink.port))
    if peer_celery.is_installed():
        bench.say("memory: peer")
        with bench.sink("http") as sink:
            count = bench.size(1_000, 300)
            worked = peer_celery.work(bench, webhook_item(sink.port), count=count)
        yield Sample(f"memory: {_LOADS[0]}", Who.PEER, worked.rss_mb, "MB", _PEER)


def _used(bench: Bench, engine: Engine, item: dict[str, object]) -> Iterator[Sample]:
    yield engine.sample("memory: idle", engine.rss_mb(), "MB")
    for case in _LOADS:
        bench.say(f"memory, {case}: {engine.who}")
        send_all(bench, engine, item, count=bench.size(60_000, 10_000), batch=100)
        yield engine.sample(f"memory: {case}", engine.peak_rss_mb(), "MB")
