"""Accepted to SENT with roles as services: what goes between them is packed into few messages.

One service takes requests, knows people and templates, and tells what became of everything; another
one plans and sends, in as many processes as the bench says. Each has a database of its own, and
between them is the bus: Kafka, RabbitMQ, or PostgreSQL in one more database.
"""

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Sink, wait_until
from benchmarks.end_to_end import compare
from benchmarks.engines import ENVIRONMENTS, Engine, publish
from benchmarks.figures import Sample, Who
from benchmarks.processes import Child, MeasurementError, free_port, python
from benchmarks.servers import On, Room

_FRONT = ("gateway", "accounts", "users", "templates", "tracker", "receipts", "inbox", "mailbox")
_WORKER = ("orchestrator", "delivery")
_CHANNELS = {"null": "email", "http": "webhook"}


def measure(bench: Bench) -> Iterator[Sample]:
    if bench.servers.on is On.SQLITE:
        raise MeasurementError("services need a bus: --on kafka, rabbitmq or postgres")
    yield from compare(bench, services, tuple(_CHANNELS))


@contextmanager
def services(bench: Bench, kind: str, sink: Sink | None = None) -> Iterator[Engine]:
    """`sendwell run …` for both, with empty data and a published template."""
    front, *workers = ports = [free_port() for _ in range(1 + bench.workers)]
    with ExitStack() as stack:
        room = stack.enter_context(bench.servers.room())
        second = stack.enter_context(bench.servers.database())
        bus = room.broker or stack.enter_context(bench.servers.database())
        shared = {
            **ENVIRONMENTS[kind](sink),
            **_urls(front, workers[0]),
            "BROKER_URL": str(bus),
            "CHANNEL_ENABLE_LIST": _CHANNELS[kind],
        }
        data, started_at = bench.fresh("front"), time.monotonic()
        running: list[Child] = []
        for port in ports:
            roles, folder, database = (
                (_FRONT, data, room.database)
                if port == front
                else (_WORKER, bench.fresh("worker"), second)
            )
            command = python("sendwell", "run", *roles, "--port", port, "--data", folder)
            told = shared | {"DB_URL": str(database)}
            running.append(stack.enter_context(bench.child(f"service-{port}", command, told)))
        for service, port in zip(running, ports, strict=True):
            wait_until(partial(_is_ready, service, port), service.name)
        took = time.monotonic() - started_at
        engine = Engine(
            Who.PRODUCT, [front], _key(data), running, data, Room(room.database, str(bus)), sink,
            took, others=workers,
        )  # fmt: skip
        publish(engine)
        yield engine


def _urls(front: int, worker: int) -> Mapping[str, str]:
    """Where each role is, and the secret that all share."""
    places = dict.fromkeys(_FRONT, front) | dict.fromkeys(_WORKER, worker)
    urls = {f"{role.upper()}_URL": f"http://127.0.0.1:{port}" for role, port in places.items()}
    return urls | {"SECRET_KEY": "the same for all services of this measurement"}


def _is_ready(service: Child, port: int) -> bool:
    if service.process.poll() is not None:
        raise MeasurementError(f"{service.name} has ended:\n{service.output()[-2000:]}")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _key(data: Path) -> str:
    """Of the organization that the accounts service has made."""
    return (data / "api-key").read_text().strip()
