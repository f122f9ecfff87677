"""What processes tell each other at once: that something has changed."""

from collections.abc import Callable, Collection
from typing import Protocol

from sendwell.domain.ids import TenantId
from sendwell.ports.database import Unit

Heard = Callable[[str | None], None]
"""Called with the word that was told; with None when some may have been missed: forget it all."""


_BETWEEN = "\n"
"""No tenant's id has one."""


def word_of(tenant: TenantId, thing: str) -> str:
    """The word for one thing of a tenant."""
    return f"{tenant}{_BETWEEN}{thing}"


def meant_by(word: str) -> tuple[TenantId, str]:
    """Whose thing, and which."""
    tenant, _, thing = word.partition(_BETWEEN)
    return TenantId(tenant), thing


class Signals(Protocol):
    """Signals carry no news, only its name; whoever hears one looks for itself.

    Who makes a change puts `told` into its unit and awaits `tell` after the commit. What goes with
    the database is told by the first, what goes past it by the second; the other does nothing then.

    Guarantees: what is told is heard by all processes, this one too, soon after the commit, and
    never before; nothing is heard of a unit that failed. What goes past the database can be lost
    where it, or whoever tells, is away: so nobody may rely on hearing everything.
    """

    def told(self, topic: str, words: Collection[str]) -> Unit:
        """The writes that tell these words, for the unit that makes the change."""
        ...

    async def tell(self, topic: str, words: Collection[str]) -> None:
        """Tell what has been committed. Raises Unavailable when nobody can be told."""
        ...

    def listen(self, topic: str, heard: Heard) -> None:
        """From now on `heard` is called for every word told under that topic."""
        ...
