"""A real RabbitMQ on the loopback."""

import os
import re
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.certificates import Certificates
from tests.services.daemon import Daemon, Failed, Home, home
from tests.services.ports import HOST, free_ports, listens

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
ERLANG = Path("/usr/lib/erlang/bin")
USER = "guest"
PATIENCE = 30.0

ARGUMENTS = "-kernel inet_dist_use_interface {127,0,0,1}"

PLAIN = "listeners.tcp.1 = {host}:{port}\n"
ENCRYPTED = """
listeners.tcp = none
listeners.ssl.1 = {host}:{port}
ssl_options.cacertfile = {tls.authority}
ssl_options.certfile = {tls.chain}
ssl_options.keyfile = {tls.key}
ssl_options.verify = verify_none
"""

CREATE = """
    rabbit_vhost:add(<<"{name}">>, <<"tests">>),
    ok = rabbit_auth_backend_internal:set_permissions(
        <<"{user}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)
"""
DELETE = 'rabbit_vhost:delete(<<"{name}">>, <<"tests">>)'

_VALUE = re.compile(r"\{ok, (.*)\}\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Node:
    """How one finds a node of Erlang: its name, its secret, and the daemon that knows names."""

    name: str
    cookie: str
    names_port: int

    def evaluate(self, place: Home, expressions: str) -> str:
        """What the last of some Erlang expressions, evaluated in the node, comes to."""
        answer = place.run(
            ERLANG / "erl_call", "-sname", self.name, "-c", self.cookie, "-e",
            said=f"{expressions}.\n", ERL_EPMD_PORT=str(self.names_port),
        )  # fmt: skip
        if not (match := _VALUE.fullmatch(answer)):
            raise Failed(f"RabbitMQ answers {answer} to {expressions}")
        return match[1]


@dataclass(frozen=True, slots=True)
class RabbitMq:
    """A RabbitMQ that can be taken away and brought back: same folder, same port."""

    port: int
    tls: Certificates | None
    node: Node
    daemon: Daemon

    @property
    def url(self) -> str:
        """The URL of the default virtual host."""
        return self._url("")

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """The URL of a new, empty virtual host. Deleted after, with all that is in it."""
        name = f"test-{uuid.uuid4().hex}"
        self.evaluate(CREATE.format(name=name, user=USER))
        try:
            yield self._url(name)
        finally:
            if self.daemon.pid is not None:
                self.evaluate(DELETE.format(name=name))

    room = vhost

    @property
    def folder(self) -> Path:
        return self.daemon.home.folder

    def version(self) -> str:
        return self.evaluate("rabbit_misc:version()").strip('"')

    def evaluate(self, expressions: str) -> str:
        """Run Erlang in the server: what takes rabbitmqctl seconds is done at once.

        On a busy machine a node now and then refuses one that calls: it is called again, so the
        expressions must be good to be run twice.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.node.evaluate(self.daemon.home, expressions)
            except Failed:
                if self.daemon.pid is None or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def sync(self) -> None:
        """All names of queues are on the disk: RabbitMQ writes them twice a second, unasked.

        A quorum queue that was declared right before a kill is not there any more afterwards.
        """
        self.evaluate("[dets:sync(Table) || Table <- dets:all()]")

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        self.daemon.kill()

    def _url(self, vhost: str) -> str:
        place = f"{USER}:{USER}@{HOST}:{self.port}/{vhost}"
        return f"amqps://{place}?ca={self.tls.authority}" if self.tls else f"amqp://{place}"


def why_not() -> str | None:
    """Why RabbitMQ cannot be run here."""
    there = all(program.exists() for program in (PROGRAM, ERLANG / "epmd", ERLANG / "erl_call"))
    return None if there else "rabbitmq-server is not installed as Debian does it"


@contextmanager
def running(*, tls: Certificates | None = None) -> Iterator[RabbitMq]:
    """Run it for as long as the block lasts; with `tls` it takes encrypted connections only."""
    with home("rabbitmq") as place:
        port, names_port, distribution_port = free_ports(3)
        node = Node(f"sendwell-{port}@localhost", secrets.token_hex(8), names_port)
        _write(place, node, port, tls)
        with _names(place, names_port):
            environment = _environment(place, node, distribution_port)
            daemon = Daemon(place, [PROGRAM], lambda: _is_ready(place, node, port), environment)
            server = RabbitMq(port, tls, node, daemon)
            server.start()
            try:
                yield server
            finally:
                server.stop()


@contextmanager
def _names(place: Home, port: int) -> Iterator[None]:
    """Erlang's daemon of names. The nodes would start one for the whole machine and leave it."""
    command = [ERLANG / "epmd", "-address", HOST, "-port", port]
    names = [ERLANG / "epmd", "-port", port, "-names"]
    daemon = Daemon(place, command, lambda: "up and running" in place.run(*names))
    daemon.start()
    try:
        yield
    finally:
        daemon.stop()


def _write(place: Home, node: Node, port: int, tls: Certificates | None) -> None:
    cookie = place.folder / ".erlang.cookie"
    cookie.write_text(node.cookie)
    cookie.chmod(0o400)
    ours = tls.copied_to(place.folder) if tls else None
    listener = (ENCRYPTED if ours else PLAIN).format(host=HOST, port=port, tls=ours)
    (place.folder / "rabbitmq.conf").write_text(listener)
    (place.folder / "plugins").write_text("[].\n")


def _environment(place: Home, node: Node, distribution_port: int) -> Mapping[str, str]:
    return {
        "HOME": str(place.folder),
        "RABBITMQ_NODENAME": node.name,
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_MNESIA_BASE": str(place.make("data")),
        "RABBITMQ_LOG_BASE": str(place.make("log")),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_PID_FILE": str(place.folder / "pid"),
        "RABBITMQ_CONFIG_FILE": str(place.folder / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place.folder / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ARGUMENTS,
        "ERL_EPMD_ADDRESS": HOST,
        "ERL_EPMD_PORT": str(node.names_port),
        "RUNNING_UNDER_SYSTEMD": "true",  # then no shell stands between it and our signals
    }


def _is_ready(place: Home, node: Node, port: int) -> bool:
    return listens(port) and node.evaluate(place, "rabbit:is_running()") == "true"
