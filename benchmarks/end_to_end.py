"""Accepted to SENT with the whole history on disk: from the first request to the last outcome."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from benchmarks import peer_celery
from benchmarks.bench import Bench, Sink
from benchmarks.engines import Engine, product, spike
from benchmarks.figures import Sample, Who
from benchmarks.processes import MeasurementError
from benchmarks.words import mail_item, webhook_item

_KINDS = ("null", "http", "smtp")
Starts = Callable[[Bench, str, Sink | None], AbstractContextManager[Engine]]
"""Runs an engine that sends through a kind of provider, for as long as the block lasts."""

_BATCHES, _SINGLES = "batches of 100", "one per request"


@dataclass(frozen=True, slots=True)
class Done:
    """What one run came to."""

    per_second: float
    cpu_us: float
    """Processor time of the engine for one notification."""


def measure(bench: Bench) -> Iterator[Sample]:
    yield from compare(bench, product, _KINDS)


def compare(bench: Bench, ours: Starts, kinds: Sequence[str]) -> Iterator[Sample]:
    """The product, in the shape that `ours` starts it in, beside the floor and the peer."""
    for kind in kinds:
        for starts in (spike, ours):
            with _sink(bench, kind) as sink, starts(bench, kind, sink) as running:
                yield from _both(bench, running, kind)
        if peer_celery.is_installed():
            yield from _peer(bench, kind)


def send_all(
    bench: Bench, engine: Engine, item: dict[str, object], *, count: int, batch: int
) -> Done:
    """Post `count` notifications and wait until all are on record as sent, none of them twice."""
    first, cpu_before = engine.sent(), engine.cpu_seconds()
    loaded = bench.load(engine.ports, item, count=count, batch=batch, first=first, key=engine.key)
    ended_at = engine.wait_until_sent(first + count)
    cpu = engine.cpu_seconds() - cpu_before
    if engine.sink is not None:
        _check(engine.sink, first + count)
    return Done(count / (ended_at - loaded.starts[0]), cpu / count * 1e6)


def _both(bench: Bench, engine: Engine, kind: str) -> Iterator[Sample]:
    item, case = _item(kind, engine.sink), f"accepted to SENT, {kind}"
    for batch, name, count in (
        (100, _BATCHES, bench.size(60_000, 10_000)),
        (1, _SINGLES, bench.size(20_000, 4_000)),
    ):
        bench.say(f"{case}, {name}: {engine.who}")
        done = send_all(bench, engine, item, count=count, batch=batch)
        yield engine.sample(f"{case}: {name}", done.per_second)
        yield engine.sample(f"{case}: {name}, CPU each", done.cpu_us, "us")


def _peer(bench: Bench, kind: str) -> Iterator[Sample]:
    case, count = f"accepted to SENT, {kind}", bench.size(2_000, 400)
    bench.say(f"{case}: peer")
    with _sink(bench, kind) as sink:
        smtp = sink if kind == "smtp" else None
        worked = peer_celery.work(bench, _item(kind, sink), count=count, smtp=smtp)
    for name in (_BATCHES, _SINGLES):
        yield Sample(f"{case}: {name}", Who.PEER, worked.sent_per_second, "/s", peer_celery.LABEL)
        yield Sample(f"{case}: {name}, CPU each", Who.PEER, worked.cpu_us, "us", peer_celery.LABEL)


def _sink(bench: Bench, kind: str) -> AbstractContextManager[Sink | None]:
    return nullcontext() if kind == "null" else bench.sink(kind)


def _item(kind: str, sink: Sink | None) -> dict[str, object]:
    return webhook_item(sink.port) if kind == "http" and sink else mail_item()


def _check(sink: Sink, count: int) -> None:
    stats = sink.stats()
    if stats["messages"] != count or stats["distinct"] != count:
        raise MeasurementError(f"{count} were sent, but the sink saw {stats}")
