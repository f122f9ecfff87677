"""Several keepers as one: what a service answers where another one asks."""

from collections.abc import Mapping

from sendwell.ports.keepers import Erased, Keeper, Told, Whom


class Keepers:
    """They take their turns; where to go on names the keeper and its own place."""

    def __init__(self, keepers: Mapping[str, Keeper]) -> None:
        self._keepers = keepers
        self._names = list(keepers)

    async def tell(self, whom: Whom, *, after: str | None) -> Told:
        """See the port."""
        if not self._names:
            return Told()
        name, own = self._place(after)
        told = await self._keepers[name].tell(whom, after=own)
        return Told(told.items, self._next(name, told.after))

    async def erase(self, whom: Whom, *, after: str | None) -> Erased:
        """See the port."""
        if not self._names:
            return Erased()
        name, own = self._place(after)
        erased = await self._keepers[name].erase(whom, after=own)
        return Erased(erased.count, self._next(name, erased.after), erased.is_busy)

    def _place(self, after: str | None) -> tuple[str, str | None]:
        """Whose turn it is; the first one's where that is nobody here."""
        name, _, own = (after or "").partition("/")
        return (name, own or None) if name in self._keepers else (self._names[0], None)

    def _next(self, name: str, after: str | None) -> str | None:
        if after is not None:
            return f"{name}/{after}"
        behind = self._names[self._names.index(name) + 1 :]
        return f"{behind[0]}/" if behind else None
