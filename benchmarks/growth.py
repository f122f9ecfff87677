"""What a large store costs: the same product with 10 thousand and with 1 million (`--rows`) stored.

Both are filled through the product's own batch intake and sent into the null provider, so that
every stored one has its whole history. On PostgreSQL the large one is sent in part, and multiplied
by copies of its rows. In the floor's column stands the small store.
"""

import http.client
from collections.abc import Iterator
from urllib.parse import quote

from benchmarks.bench import Bench
from benchmarks.end_to_end import send_all
from benchmarks.engines import Engine, product
from benchmarks.figures import Sample, Who
from benchmarks.growth_copies import multiply
from benchmarks.load import percentile
from benchmarks.servers import ask
from benchmarks.words import mail_item

_CHUNK = 50_000
_SENT = 200_000
"""Of the large store on PostgreSQL; the rest are older copies of them."""
_SMALL_ROWS = 10_000
_SMALL = "the same product with 10 thousand stored"
_LIST = "/api/v1/notifications?limit=50"


def measure(bench: Bench) -> Iterator[Sample]:
    for who, stored, what in (
        (Who.FLOOR, _SMALL_ROWS, _SMALL),
        (Who.PRODUCT, bench.rows or bench.size(1_000_000, 100_000), ""),
    ):
        with product(bench, "null") as engine:
            empty = _bytes(engine)
            _fill(bench, engine, stored)
            each = (_bytes(engine) - empty) / engine.sent()
            yield Sample("growth: stored bytes each", who, each, "B", what)
            for case, unit, value in _probed(bench, engine):
                yield Sample(f"growth: {case}", who, value, unit, what)


def _bytes(engine: Engine) -> int:
    """What all tables and indexes take on the disk."""
    if engine.room.database:
        return int(ask(engine.room.database, "SELECT pg_database_size(current_database())"))
    return sum(file.stat().st_size for file in engine.data.rglob("*") if file.is_file())


def _wal_bytes(engine: Engine) -> int:
    """What PostgreSQL has written ahead so far; 0 for SQLite."""
    if not engine.room.database:
        return 0
    return int(ask(engine.room.database, "SELECT pg_current_wal_lsn() - '0/0'"))


def _fill(bench: Bench, engine: Engine, count: int) -> None:
    times = max(count // _SENT, 1) if engine.room.database else 1
    sent = count // times
    for first in range(0, sent, _CHUNK):
        bench.say(f"filling a store: {first:,} of {sent:,}")
        send_all(bench, engine, mail_item(), count=min(_CHUNK, sent - first), batch=100)
    if engine.room.database and times > 1:
        multiply(engine.room.database, times, say=bench.say)
        engine.copied = engine.sent() - sent


def _probed(bench: Bench, engine: Engine) -> Iterator[tuple[str, str, float]]:
    stored = engine.sent()
    bench.say(f"growth: probing the store of {stored:,}")
    count = bench.size(60_000, 10_000)
    loaded = bench.load(
        engine.ports, mail_item(), count=count, batch=100, first=stored, key=engine.key
    )
    yield "intake, batches of 100", "/s", loaded.rate
    engine.wait_until_sent(stored + count)
    for name, count, batch in (
        ("batches of 100", bench.size(60_000, 10_000), 100),
        ("one per request", bench.size(20_000, 4_000), 1),
    ):
        written = _wal_bytes(engine)
        done = send_all(bench, engine, mail_item(), count=count, batch=batch)
        yield f"accepted to SENT, {name}", "/s", done.per_second
        if written:
            yield f"write-ahead log, {name}", "B each", (_wal_bytes(engine) - written) / count
    listed, timelines = _read(engine, times=bench.size(300, 60))
    yield "list page p95", "ms", percentile(listed, 0.95)
    yield "timeline p95", "ms", percentile(timelines, 0.95)


def _read(engine: Engine, *, times: int) -> tuple[list[float], list[float]]:
    """What list pages, cursor after cursor, and timelines of what they show take, in ms."""
    listed, timelines, path = [], [], _LIST
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
    for _ in range(times):
        page, took = engine.timed_get(connection, path)
        listed.append(took)
        cursor = page.get("next_cursor")
        path = f"{_LIST}&cursor={quote(cursor)}" if cursor else _LIST
        one = page["data"][-1]["id"]
        timelines.append(engine.timed_get(connection, f"/api/v1/notifications/{one}/timeline")[1])
    connection.close()
    return listed, timelines
