"""Migrations on MySQL and MariaDB, where changes of tables cannot be rolled back.

One process at a time holds a lock of the server, which is free again when its session ends. A
migration that was interrupted is begun again from its start: what it finds done, it passes over.
Statements that move data in a migration must therefore be such that twice is the same as once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic.ddl.mysql import MySQLImpl
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from sendwell.domain.errors import Unavailable

_LOCK = "CONCAT('sendwell-migrations-',MD5(DATABASE()))"
_TAKE = f"SELECT GET_LOCK({_LOCK},60)"
_GIVE = f"DO RELEASE_LOCK({_LOCK})"
_DONE_BEFORE = frozenset({
    1050,  # the table is there
    1060,  # the column is there
    1061,  # the index is there
    1051, 1091,  # what is to be dropped is gone
    1826,  # the foreign key is there
})  # fmt: skip


class _Resuming(MySQLImpl):
    """Alembic's own way with MySQL, but for what an interrupted attempt has done before."""

    __dialect__ = "mysql"
    is_resuming = False

    def _exec(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super()._exec(*arguments, **options)
        except DBAPIError as error:
            if self.is_resuming and error.orig and error.orig.args[0] in _DONE_BEFORE:
                return None
            raise


@contextmanager
def one_at_a_time(connection: Connection, context: MigrationContext, owner: str) -> Iterator[None]:
    """The lock is ours.

    Raises Unavailable when another process does not give it up within a minute.
    """
    assert isinstance(context.impl, _Resuming)  # noqa: S101 - Alembic has found it by its dialect
    if connection.exec_driver_sql(_TAKE).scalar() != 1:
        raise Unavailable(
            "Another process has been changing the tables of this database for a minute. Start"
            " again when it is done."
        )
    try:
        # Who has a version table has begun before, and may have been interrupted.
        context.impl.is_resuming = inspect(connection).has_table(f"{owner}_version")
        yield
    finally:
        connection.exec_driver_sql(_GIVE)
