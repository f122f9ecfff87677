"""What a Cassandra tells about itself, for the doctor."""

import asyncio
import time
from dataclasses import dataclass

from sendwell.adapters.history.cassandra.place import Place
from sendwell.adapters.history.cassandra.session import FAILURES, cluster_of, has_tables
from sendwell.domain.errors import Unavailable

_VERSION = "SELECT release_version FROM system.local"


@dataclass(frozen=True, slots=True)
class CassandraFacts:
    """How a Cassandra is at this moment."""

    version: str
    latency_ms: float
    """Of one question."""
    has_tables: bool


async def look_at_cassandra(url: str) -> CassandraFacts:
    """Ask for all of it. Makes nothing. Raises Invalid, and Unavailable in the driver's words."""
    return await asyncio.to_thread(_look, Place.parse(url))


def _look(place: Place) -> CassandraFacts:
    cluster = None
    try:
        cluster = cluster_of(place)
        session = cluster.connect()
        start = time.perf_counter()
        version = session.execute(_VERSION).one().release_version
        latency_ms = (time.perf_counter() - start) * 1e3
        return CassandraFacts(version, latency_ms, has_tables(place, cluster.metadata))
    except FAILURES as error:
        raise Unavailable(str(error) or type(error).__name__) from error
    finally:
        if cluster is not None:
            cluster.shutdown()
