"""A real Cassandra on the loopback: one node."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services import jars
from tests.services.certificates import Certificates
from tests.services.daemon import Daemon, Home, home
from tests.services.ports import HOST, free_ports, listens

VERSION = "5.0.5"
JARS = f"cassandra-{VERSION}"
COORDINATES = (f"org.apache.cassandra:cassandra-all:{VERSION}",)
VERSIONS = range(11, 18)
USER = PASSWORD = "cassandra"
"""Whom a new Cassandra with passwords lets in."""

JAVA = (
    "-Xms512m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xmx1g",
    "-XX:TieredStopAtLevel=1",
    "-Dcassandra-foreground=yes",  # else it closes its output
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
)

EXPORTS = (
    "java.base/java.lang.ref", "java.base/jdk.internal.misc", "java.base/sun.nio.ch",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi", "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server", "java.sql/java.sql", "jdk.unsupported/sun.misc",
    "jdk.compiler/com.sun.tools.javac.file",
)  # fmt: skip
OPENS = (
    "java.base/java.io", "java.base/java.lang", "java.base/java.lang.module",
    "java.base/java.lang.reflect", "java.base/java.nio", "java.base/java.util",
    "java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.loader", "java.base/jdk.internal.math",
    "java.base/jdk.internal.module", "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect", "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch", "jdk.compiler/com.sun.tools.javac.file",
    "jdk.management/com.sun.management.internal",
)  # fmt: skip
"""Where Cassandra looks into Java 17 (its own conf/jvm17-server.options)."""

CONFIGURATION = """
cluster_name: sendwell
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
num_tokens: 1
auto_bootstrap: false
listen_address: {host}
storage_port: {storage}
rpc_address: {host}
start_native_transport: true
native_transport_port: {port}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: "{host}:{storage}"}}]
data_file_directories: [{folder}/data]
commitlog_directory: {folder}/commitlog
hints_directory: {folder}/hints
saved_caches_directory: {folder}/caches
cdc_raw_directory: {folder}/cdc
commitlog_sync: batch
commitlog_segment_size: 8MiB
memtable_heap_space: 128MiB
file_cache_size: 64MiB
auto_snapshot: false
"""
"""What was acknowledged is on the disk (`batch`): there is no second node that would have it."""

ENCRYPTED = """
authenticator: PasswordAuthenticator
client_encryption_options:
  enabled: true
  optional: false
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
  keystore: {folder}/keystore.pem
"""

LOGBACK = """<configuration>
<appender name="out" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%d %-5level %logger{0} %msg%n</pattern></encoder>
</appender>
<root level="WARN"><appender-ref ref="out"/></root>
</configuration>
"""


@dataclass(frozen=True, slots=True)
class Cassandra:
    """A Cassandra that can be taken away and brought back: same folder, same port."""

    port: int
    tls: Certificates | None
    daemon: Daemon

    @property
    def url(self) -> str:
        """Without a keyspace."""
        return self._url("")

    def keyspace(self) -> str:
        """The URL of a keyspace that is not there yet: who uses it makes it."""
        return self._url(f"/test_{uuid.uuid4().hex}")

    @contextmanager
    def room(self) -> Iterator[str]:
        yield self.keyspace()

    @property
    def folder(self) -> Path:
        return self.daemon.home.folder

    def version(self) -> str:
        return VERSION

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        self.daemon.stop()

    def kill(self) -> None:
        self.daemon.kill()

    def _url(self, path: str) -> str:
        if not self.tls:
            return f"cassandra://{HOST}:{self.port}{path}"
        login = f"{USER}:{PASSWORD}@"
        return f"cassandra://{login}{HOST}:{self.port}{path}?ca={self.tls.authority}"


def why_not() -> str | None:
    """Why Cassandra cannot be run here."""
    return jars.why_not(JARS, versions=VERSIONS)


def prepare() -> None:
    """Fetch what is missing, and have Java remember what Cassandra loads when it starts."""
    with jars.remembering(JARS, *COORDINATES) as options:
        if options:
            with running(java=options) as server:
                server.stop()


@contextmanager
def running(*, tls: Certificates | None = None, java: Sequence[str] = ()) -> Iterator[Cassandra]:
    """Run it for as long as the block lasts; with `tls` encrypted and with a password.

    `java` are further options of the Java machine.
    """
    with home("cassandra") as place:
        port, storage = free_ports(2)
        _write(place, port, storage, tls)
        command = [*_java(place), *java, "org.apache.cassandra.service.CassandraDaemon"]
        daemon = Daemon(place, command, lambda: listens(port))
        server = Cassandra(port, tls, daemon)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _write(place: Home, port: int, storage: int, tls: Certificates | None) -> None:
    text = CONFIGURATION.format(host=HOST, port=port, storage=storage, folder=place.folder)
    if tls:
        text += ENCRYPTED.format(folder=place.folder)
        keystore = place.folder / "keystore.pem"
        keystore.write_bytes(tls.key.read_bytes() + tls.chain.read_bytes())
    _configuration(place).write_text(text)
    _logback(place).write_text(LOGBACK)
    place.make("tmp")


def _java(place: Home) -> Iterator[str]:
    yield from (*jars.java(JARS, *COORDINATES), *JAVA)
    for package in EXPORTS:
        yield f"--add-exports={package}=ALL-UNNAMED"
    for package in OPENS:
        yield f"--add-opens={package}=ALL-UNNAMED"
    yield f"-Dcassandra.config=file:{_configuration(place)}"
    yield f"-Dcassandra.storagedir={place.folder}"
    yield f"-Dlogback.configurationFile={_logback(place)}"
    yield f"-Djava.io.tmpdir={place.folder / 'tmp'}"


def _configuration(place: Home) -> Path:
    return place.folder / "cassandra.yaml"


def _logback(place: Home) -> Path:
    return place.folder / "logback.xml"
