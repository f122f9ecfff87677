"""Deliveries whose rows are forgotten leave the ledger on both of its sides."""

from collections.abc import Sequence

from sqlalchemy import Connection, Executable, delete, func, select

from sendwell.domain.ids import Position
from sendwell.runtime.journal import hot
from sendwell.runtime.journal.rows import Count
from sendwell.runtime.journal.tables import (
    HISTORY,
    OUTCOME,
    RECIPIENT,
    REFERENCE,
    REQUESTED,
)

_NOBODY = -1
"""No process has this number, so that none that plans waits for who forgets."""


def forget(connection: Connection, positions: Sequence[Position]) -> None:
    """Delete notifications, with all that became of them."""
    take_off(
        connection,
        select(OUTCOME.c.tenant, func.count())
        .where(OUTCOME.c.position.in_(positions))
        .group_by(OUTCOME.c.tenant),
    )
    for table in (OUTCOME, HISTORY, REFERENCE, RECIPIENT, REQUESTED):
        connection.execute(delete(table).where(table.c.position.in_(positions)))


def take_off(connection: Connection, ended: Executable) -> None:
    """These deliveries no longer count as accepted: tenants, and how many outcomes of theirs the
    same transaction forgets.
    """
    counts = [Count(tenant, _NOBODY, -count) for tenant, count in connection.execute(ended)]
    if counts:
        hot.count_planned(connection, counts)
