"""The bus on PostgreSQL."""

from sendwell.adapters.bus.postgres.bus import PostgresBus
from sendwell.adapters.bus.postgres.parcels import Row, append

__all__ = ["PostgresBus", "Row", "append"]
