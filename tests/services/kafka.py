"""A real Kafka on the loopback: one broker, or several that are a cluster."""

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services import jars
from tests.services.certificates import Certificates
from tests.services.daemon import Daemon, Home, home
from tests.services.ports import HOST, free_ports

VERSION = "4.1.0"
JARS = f"kafka-{VERSION}"
COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{VERSION}",
    f"org.apache.kafka:kafka-tools:{VERSION}",
    "org.slf4j:slf4j-simple:1.7.36",
)
VERSIONS = range(17, 100)
USER, PASSWORD = "sendwell", "secret"

JAVA = (
    "-Xmx512m",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)

PROPERTIES = """
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=CLIENT://{host}:{port},INTERNAL://{host}:{internal},CONTROLLER://{host}:{controller}
listener.security.protocol.map=CLIENT:{protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
controller.listener.names=CONTROLLER
log.dirs={data}
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=6
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=6
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.cleaner.dedupe.buffer.size=8388608
"""
"""What is not Kafka's default makes small clusters start quickly and notice a death soon."""

ENCRYPTED = """
listener.name.client.ssl.keystore.type=PEM
listener.name.client.ssl.keystore.location={keystore}
listener.name.client.sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.client.plain.sasl.jaas.config={modules}.plain.PlainLoginModule required {known};
listener.name.client.scram-sha-512.sasl.jaas.config={modules}.scram.ScramLoginModule required;
"""
MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class Broker:
    """One process of the cluster: broker and controller at once."""

    id: int
    port: int
    internal: int
    controller: int
    daemon: Daemon

    def start(self) -> None:
        self.daemon.start()

    def stop(self) -> None:
        """Hands over what it leads, if there is anybody to hand it to."""
        self.daemon.stop()

    def kill(self) -> None:
        self.daemon.kill()


@dataclass(frozen=True, slots=True)
class Kafka:
    """A cluster whose brokers can be taken away and brought back, one by one or all."""

    brokers: Sequence[Broker]
    tls: Certificates | None
    home: Home

    @property
    def url(self) -> str:
        """All brokers."""
        hosts = ",".join(f"{HOST}:{broker.port}" for broker in self.brokers)
        if not self.tls:
            return f"kafka://{hosts}"
        return f"kafka+ssl://{USER}:{PASSWORD}@{hosts}?ca={self.tls.authority}"

    @contextmanager
    def room(self) -> Iterator[str]:
        """The whole cluster: whoever shares it gives topics and groups names of their own."""
        yield self.url

    @property
    def folder(self) -> Path:
        return self.home.folder

    def version(self) -> str:
        return VERSION

    def tool(self, name: str, *arguments: str) -> list[str]:
        """The command of one of Kafka's own tools: `consumer.ConsoleConsumer`, for example."""
        return [*_java(), f"org.apache.kafka.tools.{name}", *arguments]

    def start(self) -> None:
        """All brokers run. One alone is not ready while most are missing: all start at once."""
        for broker in self.brokers:
            if broker.daemon.pid is None:
                broker.daemon.launch()
        for broker in self.brokers:
            broker.daemon.wait()

    def stop(self) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(Broker.stop, self.brokers))

    def kill(self) -> None:
        for broker in self.brokers:
            broker.kill()


def why_not() -> str | None:
    """Why Kafka cannot be run here."""
    return jars.why_not(JARS, versions=VERSIONS)


def prepare() -> None:
    """Fetch what is missing, and have Java remember what Kafka loads when it starts."""
    with jars.remembering(JARS, *COORDINATES) as options:
        if options:
            with running(java=options) as server:
                server.stop()


@contextmanager
def running(
    *, brokers: int = 1, tls: Certificates | None = None, java: Sequence[str] = ()
) -> Iterator[Kafka]:
    """Run it for as long as the block lasts, each topic on all brokers (on three at most).

    With `tls` clients must encrypt and give a password (SCRAM-SHA-512 or PLAIN); brokers among
    themselves do not. `java` are further options of the Java machines.
    """
    with home("kafka") as place:
        cluster = Kafka(_brokers(place, brokers, java), tls, place)
        for broker in cluster.brokers:
            _properties(place, broker.id).write_text(_configuration(cluster, broker))
        _format(cluster)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.kill()  # in good order it would take seconds, for data that is thrown away


def _brokers(place: Home, count: int, java: Sequence[str]) -> Sequence[Broker]:
    ports = iter(free_ports(3 * count))
    return [
        Broker(id_, *triple, _daemon(place, id_, java))
        for id_, triple in enumerate(zip(ports, ports, ports, strict=True), start=1)
    ]


def _daemon(place: Home, id_: int, java: Sequence[str]) -> Daemon:
    daemon = Daemon(
        place,
        [*_java(), *java, "kafka.Kafka", _properties(place, id_)],
        lambda: "Kafka Server started" in daemon.says(),
        output=f"output-{id_}",
    )
    return daemon


def _java() -> list[str]:
    return [*jars.java(JARS, *COORDINATES), *JAVA]


def _properties(place: Home, id_: int) -> Path:
    return place.folder / f"{id_}.properties"


def _configuration(cluster: Kafka, broker: Broker) -> str:
    count = len(cluster.brokers)
    text = PROPERTIES.format(
        id=broker.id,
        voters=",".join(f"{each.id}@{HOST}:{each.controller}" for each in cluster.brokers),
        host=HOST,
        port=broker.port,
        internal=broker.internal,
        controller=broker.controller,
        protocol="SASL_SSL" if cluster.tls else "PLAINTEXT",
        data=cluster.home.folder / f"data-{broker.id}",
        replicas=min(count, 3),
        in_sync=2 if count >= 3 else 1,
    )
    return text + (_encrypted(cluster.home, cluster.tls) if cluster.tls else "")


def _encrypted(place: Home, tls: Certificates) -> str:
    keystore = place.folder / "keystore.pem"
    keystore.write_bytes(tls.key.read_bytes() + tls.chain.read_bytes())
    known = f'user_{USER}="{PASSWORD}"'
    return ENCRYPTED.format(keystore=keystore, modules=MODULES, known=known)


def _format(cluster: Kafka) -> None:
    """Give all folders the same cluster's name, as Kafka demands before the first start."""
    name = uuid.uuid4().hex[:22]
    scram = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    login = ["--add-scram", scram] if cluster.tls else []

    def format_one(broker: Broker) -> None:
        configuration = _properties(cluster.home, broker.id)
        command = ["kafka.tools.StorageTool", "format", "-t", name, "-c", configuration]
        cluster.home.run(*_java(), *command, *login)

    with ThreadPoolExecutor() as pool:
        list(pool.map(format_one, cluster.brokers))
