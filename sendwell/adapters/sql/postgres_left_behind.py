"""What those have left whose lease has ended; a word in the log where nobody goes on with it."""

import asyncio

import structlog
from sqlalchemy import text

from sendwell.domain.errors import Unavailable
from sendwell.domain.left_behind import LeftBehind, of_nobody
from sendwell.ports.database import Database

log = structlog.get_logger()
_HOUR_SECONDS = 3600

# Only who has the role gateway accepts anything; what stands under another one's number are copies.
# The next 100,000 behind the mark are enough, for it stands before the first that is not planned.
LEFT_BEHIND = """
    SELECT l.node, l.holder, l.service,
    EXISTS (SELECT FROM lease AS o WHERE o.until>=now() AND o.service=l.service) AS is_run
    FROM lease AS l WHERE CASE WHEN l.until>=now() THEN false
    WHEN EXISTS (SELECT FROM work AS w WHERE w.node=l.node) THEN true
    WHEN EXISTS (SELECT FROM outbox AS x WHERE x.node IN (l.node,-1-l.node)) THEN true
    WHEN EXISTS (SELECT FROM untold AS u WHERE u.node=l.node) THEN true
    WHEN l.service<>'' AND l.service NOT LIKE 'gateway%' THEN false
    ELSE EXISTS (
        SELECT FROM (
            SELECT r.position FROM requested AS r WHERE r.position>coalesce((
                SELECT m.position FROM mark AS m
                WHERE m.name=CASE l.node WHEN 0 THEN 'planned' ELSE 'planned:'||l.node END),0)
            ORDER BY r.position LIMIT 100000) AS r
        WHERE r.position&1023=l.node
        AND NOT EXISTS (SELECT FROM work AS w WHERE w.position=r.position)
        AND NOT EXISTS (SELECT FROM outcome AS o WHERE o.position=r.position)
        AND NOT EXISTS (SELECT FROM handed_on AS h WHERE h.position=r.position))
    END ORDER BY l.node"""


async def left_behind(database: Database) -> list[LeftBehind]:
    """All of it. Raises Unavailable."""
    return [
        LeftBehind(row.node, row.holder, row.service, is_run=row.is_run)
        for row in await database.rows(text(LEFT_BEHIND))
    ]


async def tell_of_nobodys(database: Database, *, after_seconds: float) -> None:
    """Log what waits for a service that nobody runs, once others have had the time to start, and
    every hour while it is so.
    """
    pause = after_seconds
    while True:
        await asyncio.sleep(pause)
        try:
            found = of_nobody(await left_behind(database))
        except Unavailable:
            continue
        pause = _HOUR_SECONDS
        for command, left in found.items():
            log.warning(
                "cluster.left_behind",
                nodes=[each.node for each in left],
                advice=f"Only `{command}` on this database goes on with it: let one run until"
                " nothing is left.",
            )
