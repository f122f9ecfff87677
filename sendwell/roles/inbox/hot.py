"""The inbox's hot statement: it has a text of its own for each kind of database."""

from sendwell.ports.database import by_dialect
from sendwell.roles.inbox import postgres, sqlite

put = by_dialect(sqlite=sqlite.put, postgresql=postgres.put)
