"""The delivery role's hot statements: each has a text of its own for each kind of database."""

from sendwell.ports.database import by_dialect
from sendwell.roles.delivery import postgres, sqlite

put = by_dialect(sqlite=sqlite.put, postgresql=postgres.put)
claim = by_dialect(sqlite=sqlite.claim, postgresql=postgres.claim)
postpone = by_dialect(sqlite=sqlite.postpone, postgresql=postgres.postpone)
finish = by_dialect(sqlite=sqlite.finish, postgresql=postgres.finish)
withdraw = by_dialect(sqlite=sqlite.withdraw, postgresql=postgres.withdraw)
bury = by_dialect(sqlite=sqlite.bury, postgresql=postgres.bury)
