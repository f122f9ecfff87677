"""Words from templates."""

from collections.abc import Callable, Mapping
from typing import Protocol

from sendwell.domain.rendering import Source

Render = Callable[[bytes], dict[str, str]]
"""From data to words, by part."""


class Renderer(Protocol):
    """A template language that can neither reach out nor run on.

    Time, memory and output are bounded whatever a template or its data says, and data is never
    read as a template. Thread-safe.
    """

    def check(self, source: Source) -> None:
        """Raise Invalid, with the line and what is wrong, unless it can be rendered.

        Whatever does not depend on data is found here: syntax, unknown filters, what the language
        leaves out, and values in places of an HTML page where no escaping makes them safe.
        """
        ...

    def variables(self, source: Source) -> frozenset[str]:
        """The dotted names that it can't do without, as far as they can be told without running it.

        Left out is what hangs on a loop, or what it asks for with `is defined` or `default`.
        Raises Invalid like `check`.
        """
        ...

    def reads(self, source: Source) -> frozenset[str]:
        """The dotted names of all that it may read, also of what it can do without; a loop reads
        its list. Raises Invalid like `check`.
        """
        ...

    def render(self, sources: Mapping[str, Source], data: bytes, *, locale: str) -> dict[str, str]:
        """The sources, by part, filled with the data: what `prepare` gives, called once."""
        ...

    def prepare(self, sources: Mapping[str, Source], *, locale: str) -> Render:
        """The sources, by part, ready to be filled again and again, for who sends them to many.

        Numbers and dates are as `locale` has them; an unknown one counts as English. The data is
        a JSON object, as the producer sent it.
        Raises Missing (an Invalid) with the names and where they would stand in the request when
        a variable is absent or null; TooLarge when a part takes too long or becomes too long;
        Invalid otherwise, both here and when it is filled. Each says in which part.
        """
        ...

    def text_of(self, html: str) -> str | None:
        """What a finished page says, in plain text; None where that is too much to tell."""
        ...
