"""What can be driven end to end by the same load: the product, and the bare floor."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench, Sink, ask, post
from benchmarks.figures import Sample, Who
from benchmarks.processes import Child, MeasurementError, python
from benchmarks.words import HTML, SUBJECT, TEMPLATE, TEXT

Environment = Mapping[str, str]

_BAD_ENDS = ("failed", "suppressed", "cancelled", "expired")
_SPIKE = "bare spike: no framework, no rules; the same template, SQLite, sinks and load"


@dataclass(slots=True)
class Engine:
    """Something that takes notifications at `port` and counts what became of them."""

    who: Who
    port: int
    key: str
    child: Child
    data: Path
    sink: Sink | None = None
    ready_at: float = 0.0

    def sample(self, case: str, value: float, unit: str = "/s") -> Sample:
        """A figure of this engine."""
        return Sample(case, self.who, value, unit, _SPIKE if self.who is Who.FLOOR else "")

    def sent(self) -> int:
        """How many have ended well, with their history on disk: sent, or delivered where the
        answer says that already. One that ended otherwise breaks the measurement.
        """
        ledger = ask(self.port, "/api/v1/ledger", **self._headers())
        bad = {name: ledger[name] for name in _BAD_ENDS if ledger.get(name)}
        if bad:
            raise MeasurementError(f"not everything was sent: {bad}")
        return int(ledger["sent"]) + int(ledger.get("delivered", 0))

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
    """`sendwell up` as a user starts it, with an empty data folder and a published template."""
    env = _ENVIRONMENTS[kind](sink)
    data = bench.fresh("product")
    command = python("sendwell", "up", "--port", 0, "--data", data, "--no-sample")
    with bench.child("product", command, env) as running:
        port = int(running.wait_for("READY").rpartition(":")[2])
        ready_at = time.monotonic()
        engine = Engine(Who.PRODUCT, port, _key(running), running, data, sink, ready_at)
        _publish(engine)
        yield engine


@contextmanager
def spike(bench: Bench, kind: str, sink: Sink | None = None) -> Iterator[Engine]:
    """The bare floor, with an empty database."""
    data = bench.fresh("spike")
    data.mkdir()
    command = python(
        "benchmarks.floor_spike", "--provider", kind, "--db", data / "spike.db",
        "--target", f"127.0.0.1:{sink.port if sink else 0}",
    )  # fmt: skip
    with bench.child(f"spike-{kind}", command) as running:
        port = int(running.wait_for("READY").split()[1])
        yield Engine(Who.FLOOR, port, "", running, data, sink, time.monotonic())


_WEBHOOKS: Environment = {
    "PROVIDER_CREDENTIALS_STANDARD": json.dumps({"secrets": ["whsec_" + "c2VjcmV0" * 4]}),
    "ROUTE_WEBHOOK": "standard",
    "OUTBOUND_ALLOW": "127.0.0.1",
}


def _smtp(sink: Sink | None) -> Environment:
    credentials = {"host": "127.0.0.1", "port": sink.port if sink else 0, "tls": "none",
                   "from": "shop@example.com"}  # fmt: skip
    return {"PROVIDER_CREDENTIALS_SMTP": json.dumps(credentials), "ROUTE_EMAIL": "smtp"}


_ENVIRONMENTS: Mapping[str, Callable[[Sink | None], Environment]] = {
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


def _publish(engine: Engine) -> None:
    """The words of the measurements as a template of the product."""
    parts = {"subject": SUBJECT, "html": HTML, "text": TEXT}
    bodies = {"email": {"en": parts}, "webhook": {"en": parts}}
    template = {"code": TEMPLATE, "bodies": bodies, "publish": True}
    post(engine.port, "/api/v1/templates", template, key=engine.key)
