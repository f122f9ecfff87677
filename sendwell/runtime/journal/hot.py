"""The journal's hot statements: each has a text of its own for each kind of database."""

from sendwell.ports.database import by_dialect
from sendwell.runtime.journal import postgres, sqlite

accept = by_dialect(sqlite=sqlite.accept, postgresql=postgres.accept)
copy = by_dialect(sqlite=sqlite.copy, postgresql=postgres.copy)
put_outcomes = by_dialect(sqlite=sqlite.put_outcomes, postgresql=postgres.put_outcomes)
put_moves = by_dialect(sqlite=sqlite.put_moves, postgresql=postgres.put_moves)
put_references = by_dialect(sqlite=sqlite.put_references, postgresql=postgres.put_references)
count_planned = by_dialect(sqlite=sqlite.count_planned, postgresql=postgres.count_planned)
set_mark = by_dialect(sqlite=sqlite.set_mark, postgresql=postgres.set_mark)
refuse_ended = by_dialect(sqlite=sqlite.refuse_ended, postgresql=postgres.refuse_ended)
refuse_any_end = by_dialect(sqlite=sqlite.refuse_any_end, postgresql=postgres.refuse_any_end)
