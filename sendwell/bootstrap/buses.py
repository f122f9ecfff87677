"""Opens the bus that a URL names."""

from pathlib import Path

from sendwell.bootstrap.database import make_tables
from sendwell.ports.bus import Bus
from sendwell.settings import Url, require_driver

_BUS_TABLES = {"bus": Path(__file__).parents[1] / "adapters" / "bus" / "postgres" / "migrations"}


async def open_bus(url: Url) -> Bus:
    """The bus at that URL, not connected yet; on PostgreSQL its tables are made.

    Raises Invalid, saying what to install, where its driver is not here.
    """
    require_driver("BROKER_URL", url)
    if url.scheme.startswith("kafka"):
        from sendwell.adapters.bus.kafka import KafkaBus

        return KafkaBus(url.text)
    if url.scheme.startswith("amqp"):
        from sendwell.adapters.bus.rabbitmq import RabbitBus

        return RabbitBus(url.text)
    from sendwell.adapters.bus.postgres import PostgresBus

    await make_tables(url, _BUS_TABLES)
    return PostgresBus(url.text)
