"""History on Cassandra."""

from sendwell.adapters.history.cassandra.history import CassandraHistory

__all__ = ["CassandraHistory"]
