"""Waiting for something that may never come."""

import asyncio

from sendwell.runtime.waiting import wait_at_most


async def test_what_does_not_come_is_waited_for_no_longer() -> None:
    assert not await wait_at_most(asyncio.Event(), 0)


async def test_what_is_there_is_not_waited_for() -> None:
    event = asyncio.Event()
    event.set()

    assert await wait_at_most(event, 0)


async def test_what_comes_ends_a_wait_that_has_no_end() -> None:
    event = asyncio.Event()

    waiting = asyncio.create_task(wait_at_most(event, None))
    event.set()

    assert await waiting
