"""Reads anew in the background what is soon too old to be used, so that nobody waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable

import structlog

log = structlog.get_logger()


class Ahead:
    """Who keeps something for some seconds asks here half of that time before.

    While a key is being read nothing is begun for it. A read that fails is logged and forgotten:
    what is there stays until it is too old, and whoever reads it then gets the error.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}

    def begin(self, key: Hashable, read: Callable[[], Awaitable[object]]) -> None:
        """Read it, unless that is under way."""
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._read(key, read))

    async def _read(self, key: Hashable, read: Callable[[], Awaitable[object]]) -> None:
        try:
            await read()
        except Exception as error:  # noqa: BLE001 - nobody waits for it
            log.warning("cache.not_refreshed", error=type(error).__name__)
        finally:
            del self._running[key]
