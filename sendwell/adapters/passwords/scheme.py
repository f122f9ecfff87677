"""What one way of hashing passwords can do."""

from typing import Protocol


class Scheme(Protocol):
    """Makes hashes of one kind with one cost, and checks all of that kind. Takes its time."""

    def hash(self, password: str) -> str:
        """A hash with a new salt."""
        ...

    def is_right(self, password: str, stored: str) -> bool:
        """Whether that hash, which is of this kind, is of the password."""
        ...

    def is_ours(self, stored: str) -> bool:
        """Whether it is of this kind."""
        ...

    def is_current(self, stored: str) -> bool:
        """Whether it is of this kind and cost."""
        ...
