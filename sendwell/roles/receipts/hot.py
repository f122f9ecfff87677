"""The receipts role's hot statements: each has a text of its own for each kind of database."""

from sendwell.ports.database import by_dialect
from sendwell.roles.receipts import postgres, sqlite

record = by_dialect(sqlite=sqlite.record, postgresql=postgres.record)
keep = by_dialect(sqlite=sqlite.keep, postgresql=postgres.keep)
postpone = by_dialect(sqlite=sqlite.postpone, postgresql=postgres.postpone)
release = by_dialect(sqlite=sqlite.release, postgresql=postgres.release)
