"""Whether the items of a page's lists are numbered the same, whichever way a template is gone."""

import re

from sendwell.adapters.rendering.program import Kind, Program

_DEEPER = {"if": 1, "for": 1, "endif": -1, "endfor": -1}
_TAG = re.compile(r"<(/?ol|/?ul|li)(?=[\s/>])", re.IGNORECASE)


def has_numbers_that_vary(program: Program) -> bool:
    """Whether an item comes, goes or is repeated by itself, and with it a number."""
    lists = _Lists()
    for segment in program.segments:
        if segment.kind is Kind.STATEMENT:
            lists.take(segment.code)
        elif segment.kind is Kind.WORDS and any(map(lists.varies_by, _TAG.findall(segment.code))):
            return True
    return False


class _Lists:
    """The lists around a place in a page."""

    def __init__(self) -> None:
        self._depth = 0
        self._open: list[tuple[bool, int]] = []
        """Whether each is numbered, and within how many statements it begins."""

    def take(self, statement: str) -> None:
        self._depth += _DEEPER.get(statement.split(maxsplit=1)[0], 0)

    def varies_by(self, tag: str) -> bool:
        match tag.lower():
            case "ol" | "ul" as kind:
                self._open.append((kind == "ol", self._depth))
            case "li" if self._open:
                is_numbered, begins = self._open[-1]
                return self._depth < begins or (is_numbered and self._depth > begins)
            case _ if self._open:
                self._open.pop()
        return False
