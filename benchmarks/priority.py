"""What a critical notification waits: from the request until it arrives at an HTTP sink.

Critical ones come singly, 200 a second, first on an idle machine, then while 100,000 low ones are
posted in batches and sent. Those that start after the last low one arrived do not count.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benchmarks import peer_celery
from benchmarks.bench import Bench, Sink, wait_until
from benchmarks.engines import Engine, product, spike
from benchmarks.figures import Sample, Who
from benchmarks.load import percentile
from benchmarks.processes import MeasurementError
from benchmarks.words import webhook_item

_RATE = 200
_PEER_RATE = 20
_PEER_LOW = 3_000
_FIRST_CRITICAL = 10_000_000
_ENOUGH = 100
_IDLE, _BEHIND = "critical, idle", "critical, behind 100,000 low ones"
_SHARES = (0.5, 0.95, 0.99)
_PEER = (
    f"{peer_celery.LABEL}; priorities by Redis lists, prefetch 1, {_PEER_RATE} a second behind "
    f"{_PEER_LOW:,} low ones, since more than it can work off would only measure the queue"
)


def measure(bench: Bench) -> Iterator[Sample]:
    for engine in (spike, product):
        with bench.sink("http") as sink, engine(bench, "http", sink) as running:
            yield from _both(bench, running, sink)
    if peer_celery.is_installed():
        bench.say("priority: peer")
        took = _of_peer(bench)
        for share in _SHARES:
            yield Sample(_case(_BEHIND, share), Who.PEER, percentile(took, share), "ms", _PEER)


def _both(bench: Bench, engine: Engine, sink: Sink) -> Iterator[Sample]:
    bench.say(f"priority, idle: {engine.who}")
    took = _critical(bench, engine, sink, seconds=bench.size(5, 2))
    for share in _SHARES:
        yield engine.sample(_case(_IDLE, share), percentile(took, share), "ms")
    sink.reset()
    low = bench.size(100_000, 30_000)
    bench.say(f"priority, behind {low:,} low ones: {engine.who}")
    took = _behind(bench, engine, sink, low=low)
    for share in _SHARES:
        yield engine.sample(_case(_BEHIND, share), percentile(took, share), "ms")


def _behind(bench: Bench, engine: Engine, sink: Sink, *, low: int) -> list[float]:
    """Latencies while the low ones are posted and sent."""
    with ThreadPoolExecutor(1) as others:
        posting = others.submit(
            bench.load, engine.ports, webhook_item(sink.port), count=low, batch=100, key=engine.key
        )
        wait_until(lambda: sink.stats()["messages"] > 0, "the first low one")
        seconds = bench.size(5, 1)
        took = _critical(bench, engine, sink, seconds=seconds, first=2 * _FIRST_CRITICAL)
        posting.result()
    return took


def _critical(
    bench: Bench, engine: Engine, sink: Sink, *, seconds: int, first: int = _FIRST_CRITICAL
) -> list[float]:
    """Post critical ones for so long; gives what each took, in milliseconds."""
    count = seconds * _RATE
    item = webhook_item(sink.port, "timed/@N@", priority="critical")
    loaded = bench.load(engine.ports, item, count=count, rate=_RATE, first=first, key=engine.key)
    wait_until(lambda: len(sink.arrivals()) >= count, "the last critical one")
    saturated_until = sink.stats()["last"] or float("inf")
    took = _took(sink, loaded.starts, first=first, until=saturated_until)
    if len(took) < _ENOUGH:
        raise MeasurementError(f"only {len(took)} critical ones met a queue")
    return took


def _took(
    sink: Sink, starts: tuple[float, ...], *, first: int, until: float = float("inf")
) -> list[float]:
    arrivals = sink.arrivals()
    return [
        1000 * (arrivals[str(first + at)] - start)
        for at, start in enumerate(starts)
        if start < until
    ]


def _of_peer(bench: Bench) -> list[float]:
    low, critical = bench.size(_PEER_LOW, 1_000), bench.size(100, 40)
    with bench.sink("http") as sink, peer_celery.peer(bench, prefetch=1) as running:
        running.enqueue(webhook_item(sink.port), low, priority=9)
        with running.worker():
            wait_until(lambda: sink.stats()["messages"] >= low // 10, "the peer's first tasks")
            posted = running.enqueue(
                webhook_item(sink.port, "timed/@N@"), critical,
                rate=_PEER_RATE, first=_FIRST_CRITICAL, priority=0,
            )  # fmt: skip
            wait_until(lambda: len(sink.arrivals()) == critical, "the peer's last critical task")
            if sink.stats()["messages"] == low + critical:
                raise MeasurementError("the peer's low tasks ended before its critical ones")
            return _took(sink, tuple(posted["starts"]), first=_FIRST_CRITICAL)


def _case(case: str, share: float) -> str:
    return f"{case}: p{share * 100:.0f}"
