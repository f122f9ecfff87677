"""The hot statements of copies: each has a text of its own for each kind of database."""

from sendwell.ports.database import by_dialect
from sendwell.runtime.copies import postgres, sqlite

put_open = by_dialect(sqlite=sqlite.put_open, postgresql=postgres.put_open)
remove_open = by_dialect(sqlite=sqlite.remove_open, postgresql=postgres.remove_open)
put_handed_on = by_dialect(sqlite=sqlite.put_handed_on, postgresql=postgres.put_handed_on)
put_heard = by_dialect(sqlite=sqlite.put_heard, postgresql=postgres.put_heard)
unless_moved = by_dialect(sqlite=sqlite.unless_moved, postgresql=postgres.unless_moved)
