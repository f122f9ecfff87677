"""The mailbox's hot statements: each has a text of its own for each kind of database."""

from sendwell.ports.database import by_dialect
from sendwell.roles.mailbox import postgres, sqlite

put = by_dialect(sqlite=sqlite.put, postgresql=postgres.put)
trim = by_dialect(sqlite=sqlite.trim, postgresql=postgres.trim)
