"""Words from templates."""

from collections.abc import Mapping
from typing import Any, Protocol


class Renderer(Protocol):
    """A template language that can neither reach out nor run on.

    Only plain values go in (dict, list, str, number, bool, None). Time and output are bounded:
    a template that uses more than its fuel raises Invalid. Thread-safe.
    """

    def check(self, source: str) -> None:
        """Raise Invalid, with the line and what is wrong, unless `source` compiles."""
        ...

    def variables(self, source: str) -> frozenset[str]:
        """The names `source` reads from its data, as far as they can be told without running it."""
        ...

    def render(self, source: str, data: Mapping[str, Any], *, escapes_html: bool, locale: str) -> str:
        """`source` filled with `data`; a missing variable raises Invalid with its name."""
        ...
