"""A question whose connection had died unnoticed is asked once more, on a new one."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sendwell.domain.errors import Unavailable
from sendwell.telemetry.outage import Outage

_T = TypeVar("_T")


async def twice(
    ask: Callable[[], Awaitable[_T]],
    *,
    failures: tuple[type[Exception], ...],
    is_lost: Callable[[Exception], bool],
    away: Callable[[Exception], Unavailable],
    outage: Outage,
) -> _T:
    """The answer. Raises what the driver says of the question, and Unavailable without a server."""
    for is_last in (False, True):
        try:
            answer = await ask()
        except failures as error:
            if not is_lost(error):
                raise
            if is_last:
                told = away(error)
                outage.lasts(told.message)
                raise told from error
        else:
            outage.is_over()
            return answer
    raise AssertionError
