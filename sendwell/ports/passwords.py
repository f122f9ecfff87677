"""Hashes of passwords."""

from typing import Protocol


class Passwords(Protocol):
    """Makes and checks slow hashes, beside everything else that goes on.

    Each call takes some hundred milliseconds of one processor, whatever comes out. Raises
    Unavailable when too many wait already.
    """

    async def hash(self, password: str) -> str:
        """What is stored of a password, in the way that is set now."""
        ...

    async def is_right(self, password: str, stored: str | None) -> bool:
        """Whether `stored` is a hash of that password, in whichever way it was made.

        For None the answer is no, after just as much work: whether there is somebody cannot be told
        from the time it takes.
        """
        ...

    def is_outdated(self, stored: str) -> bool:
        """Whether that hash was made otherwise than new ones are. Never waits."""
        ...
