"""Keeps the idempotency keys from growing for ever: an hourly look that nobody waits for."""

import asyncio

import structlog

from sendwell.ports.clock import Clock
from sendwell.runtime.journal.journal import SqlJournal

log = structlog.get_logger()
_EVERY_SECONDS = 3_600


async def sweep(journal: SqlJournal, clock: Clock) -> None:
    """Delete what is older than the idempotency window, now and every hour."""
    while True:
        forgotten = await journal.forget_keys(clock.now())
        log.info("journal.swept", keys=forgotten)
        await asyncio.sleep(_EVERY_SECONDS)
