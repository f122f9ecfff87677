"""Opens the bus that a URL names."""

from pathlib import Path

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

    await _make_tables(url)
    return PostgresBus(url.text)


async def _make_tables(url: Url) -> None:
    from sendwell.adapters.sql.migrations import migrate_on
    from sendwell.adapters.sql.postgres import PostgresDatabase

    database = PostgresDatabase(url.text)
    try:
        await database.with_connection(lambda connection: migrate_on(connection, _BUS_TABLES))
    finally:
        await database.close()
