"""Deeds that are not yet in the audit log."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table

METADATA = MetaData()

DEED = Table(
    "deed",
    METADATA,
    Column(
        "number",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("tenant", String(64), nullable=False),
    Column("entrusted", LargeBinary, nullable=False),
)
"""`entrusted` is the deed with its id, encoded; the row goes when the log has it."""
