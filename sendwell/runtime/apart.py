"""One message that nobody can handle must not hold up its neighbours."""

from collections.abc import Awaitable, Callable, Sequence

from sendwell.domain.errors import Unavailable
from sendwell.ports.bus import Arrived

Take = Callable[[Sequence[Arrived]], Awaitable[None]]
Poisoned = Callable[[Arrived, Exception], Awaitable[None]]


async def take_apart(arrived: Sequence[Arrived], take: Take, poisoned: Poisoned) -> None:
    """Take a batch as one; where that fails, each alone, and what fails alone is `poisoned`.

    Raises Unavailable: what only has to wait is no poison.
    """
    try:
        await take(arrived)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is handed on
        if len(arrived) == 1:
            await poisoned(arrived[0], error)
            return
        for each in arrived:
            await take_apart([each], take, poisoned)
