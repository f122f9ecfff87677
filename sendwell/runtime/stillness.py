"""Which streams of a bus stand still, from looks at what waits of them."""

from collections.abc import Mapping, Sequence

from sendwell.ports.bus import is_part


class Stillness:
    """Nobody takes what waits of a stream that has not moved for `most_looks` looks in a row.

    A part of it may be waiting for its turn while others are read, and has `turns` times as long.
    """

    def __init__(self, most_looks: int, *, turns: int = 1) -> None:
        self._most_looks = most_looks
        self._most_of_part = most_looks * turns
        self._marks: Mapping[str, str] = {}
        self._looks: dict[str, int] = {}

    @property
    def streams(self) -> Sequence[str]:
        """Those that stand still, or a part of which does."""
        return sorted(name for name, looks in self._looks.items() if looks >= self._most(name))

    def look(self, marks: Mapping[str, str]) -> None:
        """Of what something waits now, each with how far it is (`Bus.behind`)."""
        self._looks = {
            name: self._looks.get(name, 0) + 1
            for name, mark in marks.items()
            if self._marks.get(name) == mark
        }
        self._marks = marks

    def _most(self, name: str) -> int:
        return self._most_of_part if is_part(name) else self._most_looks
