"""A publisher of Kafka whose producer has to be replaced when that is not possible at once."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from sendwell.adapters.bus.kafka.publisher import Publisher
from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Parcel
from tests.services.certificates import issue
from tests.services.ports import HOST, free_ports

SOON_SECONDS = 30
FATAL = KafkaError(KafkaError._FATAL, "told to be", fatal=True)


async def test_who_publishes_hears_of_it_also_after_a_producer_could_not_be_replaced_at_once(
    tmp_path: Path,
) -> None:
    authority = issue(tmp_path).authority
    (port,) = free_ports(1)
    client = {
        "bootstrap.servers": f"{HOST}:{port}",
        "security.protocol": "ssl",
        "ssl.ca.location": str(authority),
    }
    publisher = Publisher(client, timedelta(seconds=1))
    aside = authority.rename(tmp_path / "aside.pem")
    publisher.notice(FATAL)
    await asyncio.to_thread(publisher._thread.join, 1)
    aside.rename(authority)

    with pytest.raises(Unavailable):
        async with asyncio.timeout(SOON_SECONDS):
            await publisher.publish("parcels", [Parcel("1", "acme", b"{}")])
    await publisher.close()
