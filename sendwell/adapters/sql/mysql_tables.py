"""How tables look on MySQL and MariaDB, whoever makes them: text compares byte by byte there.

Elsewhere two ids are the same when their letters are. The servers' own collations take `Bob` for
`bob`, and most of the binary ones `bob ` for `bob`; these do neither.
"""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.compiler import DDLCompiler

_MARIADB = "utf8mb4_nopad_bin"
_MYSQL = "utf8mb4_0900_bin"


@compiles(CreateTable, "mysql")
def _create(element: CreateTable, compiler: DDLCompiler, **options: Any) -> str:
    collation = _MARIADB if getattr(compiler.dialect, "is_mariadb", False) else _MYSQL
    text = compiler.visit_create_table(element, **options)  # type: ignore[no-untyped-call]
    return f"{text} ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE {collation}"
