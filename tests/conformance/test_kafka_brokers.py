"""The bus on a Kafka of three brokers, encrypted and with passwords; one of them dies."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from sendwell.adapters.bus.kafka import KafkaBus
from sendwell.adapters.bus.kafka.url import KafkaUrl
from sendwell.domain.errors import Invalid, Unavailable
from sendwell.ports.bus import Parcel
from tests.conformance.bus_house import SOON, Broker, Inbox, by_key, parcels
from tests.conformance.bus_kafka import CASES
from tests.services import certificates, kafka
from tests.services.certificates import Certificates
from tests.services.kafka import PASSWORD, Kafka
from tests.services.needs import needs

pytestmark = [*needs("kafka")]

KEYS = 20


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates.issue(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def cluster(authority: Certificates) -> Iterator[Kafka]:
    with kafka.running(brokers=3, tls=authority) as running:
        yield running


async def test_a_topic_that_we_make_survives_any_one_broker(cluster: Kafka) -> None:
    cluster.start()  # all three
    bus = KafkaBus(f"{cluster.url}&partitions=2")
    broker = Broker(CASES[0], cluster, lambda: bus)
    (stream,) = await broker.declared(broker.bus(), "parcels")

    admin = AdminClient(KafkaUrl.parse(cluster.url).client())
    topic = admin.list_topics(stream.name).topics[stream.name]
    (asked,) = admin.describe_configs([ConfigResource("TOPIC", stream.name)]).values()

    assert [3, 3] == [len(partition.replicas) for partition in topic.partitions.values()]
    assert asked.result()["min.insync.replicas"].value == "2"
    await broker.close()


async def test_a_broker_killed_amid_the_traffic_loses_nothing_and_no_order(
    cluster: Kafka,
) -> None:
    broker = Broker(CASES[0], cluster, lambda: KafkaBus(f"{cluster.url}&partitions=6"))
    bus, inbox = broker.bus(), Inbox()
    (stream,) = await broker.declared(bus, "parcels")
    sent: list[Parcel] = []

    async def publish_until(is_enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(2 * SOON):
            while not is_enough():
                number = len(sent)
                sent.extend(parcels(100, keys=KEYS, name=f"parcel-{number}"))
                await bus.publish(stream, sent[number:])

    async with (
        broker.member(bus, [stream], inbox),
        broker.member(broker.bus(), [stream], inbox),
    ):
        await publish_until(lambda: len(inbox.arrived) > 3_000)
        victim = await coordinator(cluster, broker.group())
        killing = asyncio.create_task(asyncio.to_thread(cluster.brokers[victim - 1].kill))
        await publish_until(killing.done)
        arrived = len(inbox.arrived)
        await publish_until(lambda: len(inbox.arrived) > arrived + 3_000)
        await inbox.has(sent)

    assert by_key(sent) == by_key(inbox.arrived)
    await broker.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_the_password_is_shown_as_the_url_says(cluster: Kafka, mechanism: str) -> None:
    bus = KafkaBus(f"{cluster.url}&sasl={mechanism}")

    said = await bus.ping()

    assert said.startswith("Kafka, cluster ")
    await bus.close()


async def test_a_wrong_password_is_named_as_the_reason_and_not_shown(cluster: Kafka) -> None:
    wrong = "wrong horse@staple"
    bus = KafkaBus(
        cluster.url.replace(f":{PASSWORD}@", f":{quote(wrong, safe='')}@"),
        patience=timedelta(seconds=10),
    )

    with pytest.raises(Unavailable, match=r"(?i)authentication") as refused:
        await bus.ping()

    assert wrong not in f"{refused.value} {bus._url!r}"
    await bus.close()


async def test_brokers_whose_certificate_nobody_we_trust_has_signed_get_nothing(
    cluster: Kafka, authority: Certificates, tmp_path: Path
) -> None:
    stranger = certificates.issue(tmp_path)
    url = cluster.url.replace(str(authority.authority), str(stranger.authority))
    bus = KafkaBus(url, patience=timedelta(seconds=10))

    with pytest.raises(Unavailable, match="certificate verify failed"):
        await bus.ping()

    await bus.close()


def test_an_authority_that_is_not_there_is_noticed_at_once() -> None:
    with pytest.raises(Invalid, match=r"ssl\.ca\.location"):
        KafkaBus("kafka+ssl://ali:secret@localhost?ca=/not/there.pem")


async def coordinator(cluster: Kafka, group: str) -> int:
    """The broker that looks after the group: no other one is missed as much."""
    admin = AdminClient(KafkaUrl.parse(cluster.url).client())
    (asked,) = admin.describe_consumer_groups([group]).values()
    return int((await asyncio.wrap_future(asked)).coordinator.id)
