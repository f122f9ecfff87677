"""The chronicle's hot statements, for each kind of database."""

from collections.abc import Sequence

from sqlalchemy import Connection

from sendwell.ports.database import by_dialect
from sendwell.runtime.postgres_rows import columns, execute
from sendwell.runtime.rows import for_keys, insert

Row = tuple[int, int, str, bytes]
"""Number, node, tenant, events."""


def _put_sqlite(connection: Connection, rows: Sequence[Row]) -> None:
    insert(connection, "untold(number,node,tenant,events)", rows)


def _put_postgres(connection: Connection, rows: Sequence[Row]) -> None:
    execute(connection, _PUT, *columns(rows))


def _remove_sqlite(connection: Connection, numbers: Sequence[int]) -> None:
    for_keys(connection, "DELETE FROM untold WHERE number IN", numbers)


def _remove_postgres(connection: Connection, numbers: Sequence[int]) -> None:
    execute(connection, "DELETE FROM untold WHERE number=ANY($1::bigint[])", numbers)


_PUT = """
    INSERT INTO untold(number,node,tenant,events)
    SELECT * FROM unnest($1::bigint[],$2::int[],$3::text[],$4::bytea[])"""

put = by_dialect(sqlite=_put_sqlite, postgresql=_put_postgres)
remove = by_dialect(sqlite=_remove_sqlite, postgresql=_remove_postgres)
