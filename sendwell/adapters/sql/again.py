"""A question whose connection had died unnoticed is asked once more, on a new one."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sendwell.domain.errors import Unavailable

_T = TypeVar("_T")


async def twice(
    ask: Callable[[], Awaitable[_T]],
    *,
    failures: tuple[type[Exception], ...],
    is_lost: Callable[[Exception], bool],
    away: Callable[[Exception], Unavailable],
) -> _T:
    """The answer. Raises what the driver says of the question, and Unavailable without a server."""
    try:
        return await ask()
    except failures as error:
        if not is_lost(error):
            raise
    try:
        return await ask()
    except failures as error:
        if is_lost(error):
            raise away(error) from error
        raise
