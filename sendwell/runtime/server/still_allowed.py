"""Answers without an end, which end with the session or key that they were asked for with."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

from starlette.requests import Request

from sendwell.domain.errors import SendwellError
from sendwell.runtime.server.callers import Callers
from sendwell.runtime.server.framework import call_of

T = TypeVar("T")
_SECONDS = 5.0
"""Beside the minute for which callers are remembered."""


async def while_allowed(
    request: Request, items: AsyncGenerator[T], *, seconds: float = _SECONDS
) -> AsyncGenerator[T]:
    """The items for as long as whoever asks may see them; that is looked at every `seconds`.

    Closing this leaves `items` to whoever opened them.
    """
    clock = asyncio.get_running_loop().time
    due = clock() + seconds
    coming = asyncio.ensure_future(anext(items))
    try:
        while True:
            await asyncio.wait({coming}, timeout=max(0.0, due - clock()))
            if clock() >= due:
                if not await _is_allowed(request):
                    return
                due = clock() + seconds
            if not coming.done():
                continue
            try:
                item = coming.result()
            except StopAsyncIteration:
                return
            yield item
            coming = asyncio.ensure_future(anext(items))
    finally:
        coming.cancel()
        await asyncio.wait({coming})


async def _is_allowed(request: Request) -> bool:
    callers: Callers = request.app.state.callers
    try:
        await callers(call_of(request))
    except SendwellError:  # also where it cannot be found out: then nothing more is shown
        return False
    return True
