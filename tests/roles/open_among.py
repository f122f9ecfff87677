"""What a sweep is told of open work, without the tables of it."""

from collections.abc import Awaitable, Callable, Sequence


def open_are(*positions: int) -> Callable[[Sequence[int]], Awaitable[set[int]]]:
    """These and no others."""

    async def among(asked: Sequence[int]) -> set[int]:
        return set(positions).intersection(asked)

    return among


nothing_open = open_are()
