"""People: taken in from a file, looked up, and planned with and without all that they and their
tenant may have decided.
"""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.end_to_end import send_all
from benchmarks.engines import Engine, product
from benchmarks.figures import Sample, Who
from benchmarks.people_file import choosy, plain, table, take_in, write
from benchmarks.processes import MeasurementError, python
from benchmarks.words import mail_item

_FLOOR = "csv and rows into the database, a thousand a transaction, nothing around it"
_ROWS = "the rows by the same statement, not made into people"
_WITHOUT = "the same people without preferences, of a tenant without limits, quota or budget"
_RULES: dict[str, object] = {
    "limits": {"tenant": "900000/s", "channels": {"email": "900000/s", "sms": "10/s drop"}},
    "quota": {"notifications": "50000000/m"},
    "budget": {"per_day": 1000, "over": "hold"},
    "preferences": {"categories": {"survey": False}, "channels": {"sms": {"enabled": False}}},
}
"""All of them are asked for each message, and none of them keeps one away."""


def measure(bench: Bench) -> Iterator[Sample]:
    yield from _taken_in(bench)
    yield from _looked_up(bench)
    yield from _planned(bench)


def _taken_in(bench: Bench) -> Iterator[Sample]:
    count = bench.rows or bench.size(200_000, 20_000)
    file = write(bench.fresh("people.csv"), table(count))
    bench.say(f"import of {count:,} people ({file.stat().st_size / 1e6:,.0f} MB): floor")
    yield Sample("import: lines", Who.FLOOR, count / _floor_seconds(bench, file), "/s", _FLOOR)
    warm = write(bench.fresh("warm.csv"), table(2_000))
    with product(bench, "null") as engine:
        take_in(bench, engine, warm)
        before, cpu = engine.peak_rss_mb(), engine.cpu_seconds()
        bench.say(f"import of {count:,} people: product")
        seconds = take_in(bench, engine, file)
        yield engine.sample("import: lines", count / seconds)
        yield engine.sample("import: CPU each", (engine.cpu_seconds() - cpu) / count * 1e6, "us")
        yield engine.sample("import: memory before", before, "MB")
        yield engine.sample("import: memory at its height", engine.peak_rss_mb(), "MB")
        bench.say(f"import of {count:,} people once more")
        yield engine.sample("import: lines, the same again", count / take_in(bench, engine, file))


def _floor_seconds(bench: Bench, file: Path) -> float:
    with bench.servers.database() as database:
        figures = _child(bench, "people-floor", "benchmarks.people_floor", file, url=database)
    return figures["seconds"]


def _looked_up(bench: Bench) -> Iterator[Sample]:
    bench.say("looking people up, a thousand at a time")
    how_many = ("--people", bench.size(50_000, 5_000), "--seconds", bench.size(3, 1))
    with bench.servers.database() as database:
        figures = _child(bench, "lookup", "benchmarks.people_lookup", *how_many, url=database)
    floor = figures.pop("rows alone")
    for case, value in figures.items():
        yield Sample(f"look-up by the thousand: {case}", Who.PRODUCT, value, "/s")
        if case.startswith("read"):
            yield Sample(f"look-up by the thousand: {case}", Who.FLOOR, floor, "/s", _ROWS)


def _child(
    bench: Bench, name: str, module: str, *arguments: object, url: str | None
) -> dict[str, float]:
    where = ("--database", url) if url else ()
    with bench.child(name, python(module, *arguments, *where)) as running:
        if running.process.wait() != 0:
            raise MeasurementError(f"{name} failed:\n{running.output()[-2000:]}")
        figures: dict[str, float] = json.loads(running.output())
    return figures


def _planned(bench: Bench) -> Iterator[Sample]:
    bench.say("planning alone")
    rounds = bench.size(300, 30)
    alone = _child(bench, "plan", "benchmarks.people_plan", "--rounds", rounds, url=None)
    for case, who, what in (("without", Who.FLOOR, _WITHOUT), ("with", Who.PRODUCT, "")):
        yield Sample("planned, decisions alone, per CPU second", who, alone[case], "/s", what)
    count = bench.size(60_000, 10_000)
    for who, people in ((Who.FLOOR, plain), (Who.PRODUCT, choosy)):
        file = write(bench.fresh("people.ndjson"), people(count))
        with product(bench, "null") as engine:
            take_in(bench, engine, file)
            if who is Who.PRODUCT:
                _set_rules(engine)
            bench.say(f"planned and sent to {count:,} people, {people.__name__}")
            done = send_all(bench, engine, _item(), count=count, batch=100)
        what = _WITHOUT if who is Who.FLOOR else ""
        yield Sample("planned and sent to people", who, done.per_second, "/s", what)
        yield Sample("planned and sent to people, CPU each", who, done.cpu_us, "us", what)


def _item() -> dict[str, object]:
    item = mail_item(user_id="person-@N@", category="orders")
    del item["to"]
    return item


def _set_rules(engine: Engine) -> None:
    headers = {"authorization": f"Bearer {engine.key}", "content-type": "application/json"}
    for section, rules in _RULES.items():
        connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=60)
        connection.request("PUT", f"/api/v1/rules/{section}", json.dumps(rules), headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != 200:
            raise MeasurementError(f"the rules were answered {answer.status}: {said[:500]!r}")
