"""Waiting for something that may never come."""

import asyncio


async def wait_at_most(event: asyncio.Event, seconds: float | None) -> bool:
    """Until it is set, but no longer than that; whether it was set. None waits for ever."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return event.is_set()
