"""What the driver raises, or fails to, as what the caller should do about it."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aio_pika.exceptions import CONNECTION_EXCEPTIONS, InvalidFrameError

from sendwell.domain.errors import Unavailable

_T = TypeVar("_T")


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Inside, only Unavailable is raised by the driver; `what` begins its sentence."""
    try:
        yield
    except CONNECTION_EXCEPTIONS as error:
        raise Unavailable(f"{what}: {reason(error)}") from error
    except asyncio.CancelledError as error:
        # The driver ends what waits on a lost connection by this, too.
        if is_cancelled():
            raise
        raise Unavailable(f"{what}: the connection was lost") from error
    except Exception as error:
        # And by this, where it closes a connection without a reason.
        if type(error) is not Exception:
            raise
        raise Unavailable(f"{what}: the connection was lost") from error


async def within(seconds: float, call: Coroutine[Any, Any, _T]) -> _T:
    """What the driver's call comes to. Raises TimeoutError on time.

    A late call is cancelled and left alone: it may go on waiting even then, for room to tell the
    broker so.
    """
    task = asyncio.create_task(call)
    task.add_done_callback(hear)
    try:
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()


def reason(error: BaseException) -> str:
    """What the driver or the broker gives as the reason, for people."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, InvalidFrameError):  # in which the driver hides what the broker says
        return "it closed the connection (is there such a virtual host, and may the user enter?)"
    said = " ".join(str(each) for each in error.args if each is not None)
    return said or type(error).__name__


def hear(task: "asyncio.Task[Any]") -> None:
    """What it raises was heard, also when nobody waits for it any more."""
    if not task.cancelled():
        task.exception()


def is_cancelled() -> bool:
    """Whether somebody asked the task that runs this to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
