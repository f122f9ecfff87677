"""What can be driven end to end by the same load: the product, and the bare floor."""

import http.client
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, Sink, ask, post, read, wait_until
from benchmarks.figures import Sample, Who
from benchmarks.processes import Child, MeasurementError, python
from benchmarks.servers import Room
from benchmarks.words import HTML, SUBJECT, TEMPLATE, TEXT

Environment = Mapping[str, str]

_BAD_ENDS = ("failed", "suppressed", "cancelled", "expired")
_SPIKE = "bare spike: one process, no framework, no rules; the same template, {}, sinks and load"
_MOVES = re.compile(
    rb'^sendwell_delivery_moves_total{.*state="(SENT|DELIVERED)"} (\S+)$', re.MULTILINE
)
"""How many moves to these states a process has counted."""


@dataclass(slots=True)
class Engine:
    """Something that takes notifications at its ports and counts what became of them."""

    who: Who
    ports: Sequence[int]
    key: str
    children: Sequence[Child]
    data: Path
    room: Room
    sink: Sink | None = None
    start_seconds: float = 0.0
    """From the command until the last process was ready."""
    copied: int = 0
    """Put into its store as sent, past its processes."""
    others: Sequence[int] = ()
    """The ports of its services that take no requests, but count what they do."""

    @property
    def port(self) -> int:
        """Where questions are asked: any process knows all."""
        return self.ports[0]

    def sample(self, case: str, value: float, unit: str = "/s") -> Sample:
        """A figure of this engine."""
        what = _SPIKE.format("PostgreSQL" if self.room.database else "SQLite")
        return Sample(case, self.who, value, unit, what if self.who is Who.FLOOR else "")

    def cpu_seconds(self) -> float:
        """Processor time of its own processes so far, without the servers'."""
        return sum(child.cpu_seconds() for child in self.children)

    def rss_mb(self) -> float:
        return sum(child.rss_mb() for child in self.children)

    def peak_rss_mb(self) -> float:
        return sum(child.peak_rss_mb() for child in self.children)

    def sent(self) -> int:
        """How many have ended well, with their history on disk: sent, or delivered where the
        answer says that already. One that ended otherwise breaks the measurement.
        """
        ledger = ask(self.port, "/api/v1/ledger", **self._headers())
        bad = {name: ledger[name] for name in _BAD_ENDS if ledger.get(name)}
        if bad:
            raise MeasurementError(f"not everything was sent: {bad}")
        return int(ledger["sent"]) + int(ledger.get("delivered", 0))

    def wait_until_sent(self, count: int) -> float:
        """Wait until exactly so many have ended well; gives the time.

        The ledger of a large store takes a while to add up. So that asking costs the measured
        processes nothing, it is asked only once their own counters say that all is done.
        """
        what = f"the {self.who}'s send number {count:,}"
        if self.who is Who.PRODUCT:
            wait_until(lambda: self._moved() >= count, what)
        return wait_until(lambda: self.sent() == count, what)

    def _moved(self) -> int:
        """Deliveries that got as far as that by the counters of all processes; never too few."""
        moves: Counter[bytes] = Counter()
        for port in (*self.ports, *self.others):
            for state, count in _MOVES.findall(read(port, "/metrics")):
                moves[state] += int(float(count))
        return self.copied + max(moves.values(), default=0)

    def timed_get(
        self, connection: http.client.HTTPConnection, path: str
    ) -> tuple[dict[str, Any], float]:
        """The answer, and the milliseconds until all of it was there."""
        asked_at = time.perf_counter()
        connection.request("GET", path, headers=self._headers())
        answer = connection.getresponse()
        body = answer.read()
        took = time.perf_counter() - asked_at
        if answer.status != 200:
            raise MeasurementError(f"GET {path} was answered {answer.status}: {body[:500]!r}")
        return json.loads(body), took * 1000

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"} if self.key else {}


@contextmanager
def product(bench: Bench, kind: str, sink: Sink | None = None) -> Iterator[Engine]:
    """`sendwell up` as a user starts it, in as many processes as the bench says, with empty data
    and a published template.
    """
    data = bench.fresh("product")
    command = python("sendwell", "up", "--port", 0, "--data", data, "--no-sample")
    with bench.servers.room() as room, ExitStack() as stack:
        env = {**ENVIRONMENTS[kind](sink), **room.environment()}
        started_at = time.monotonic()
        workers, ports = [], []
        for number in range(1, bench.workers + 1):
            workers.append(stack.enter_context(bench.child(f"product-{number}", command, env)))
            ports.append(int(workers[-1].wait_for("READY").rpartition(":")[2]))
        took = time.monotonic() - started_at
        engine = Engine(Who.PRODUCT, ports, _key(workers[0]), workers, data, room, sink, took)
        publish(engine)
        yield engine


@contextmanager
def spike(bench: Bench, kind: str, sink: Sink | None = None) -> Iterator[Engine]:
    """The bare floor, with an empty database and no broker."""
    data = bench.fresh("spike")
    data.mkdir()
    with bench.servers.database() as database:
        command = python(
            "benchmarks.floor_spike", "--provider", kind, "--db", database or data / "spike.db",
            "--target", f"127.0.0.1:{sink.port if sink else 0}",
        )  # fmt: skip
        started_at = time.monotonic()
        with bench.child(f"spike-{kind}", command) as running:
            ports = [int(running.wait_for("READY").split()[1])]
            took = time.monotonic() - started_at
            yield Engine(Who.FLOOR, ports, "", [running], data, Room(database), sink, took)


_WEBHOOKS: Environment = {
    "PROVIDER_CREDENTIALS_STANDARD": json.dumps({"secrets": ["whsec_" + "c2VjcmV0" * 4]}),
    "ROUTE_WEBHOOK": "standard",
    "OUTBOUND_ALLOW": "127.0.0.1",
}


def _smtp(sink: Sink | None) -> Environment:
    credentials = {"host": "127.0.0.1", "port": sink.port if sink else 0, "tls": "none",
                   "from": "shop@example.com"}  # fmt: skip
    return {"PROVIDER_CREDENTIALS_SMTP": json.dumps(credentials), "ROUTE_EMAIL": "smtp"}


ENVIRONMENTS: Mapping[str, Callable[[Sink | None], Environment]] = {
    "null": lambda _: {"ROUTE_EMAIL": "null"},
    "http": lambda _: _WEBHOOKS,
    "smtp": _smtp,
}
"""What the product is told so that it sends to nobody, to an HTTP sink, to an SMTP sink."""


def _key(running: Child) -> str:
    """The API key from the curl that `up` prints."""
    running.wait_for("curl")
    found = re.search(r"Bearer ([^\s'\"]+)", running.output())
    if found is None:
        raise MeasurementError(f"no key in what `sendwell up` printed:\n{running.output()[-2000:]}")
    return found[1]


def publish(engine: Engine) -> None:
    """The words of the measurements as a template of the product."""
    parts = {"subject": SUBJECT, "html": HTML, "text": TEXT}
    bodies = {"email": {"en": parts}, "webhook": {"en": parts}}
    template = {"code": TEMPLATE, "bodies": bodies, "publish": True}
    post(engine.port, "/api/v1/templates", template, key=engine.key)
