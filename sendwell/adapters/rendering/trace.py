"""Which variables a template lacks: asked only once it has failed for one."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec
from minijinja import Environment

from sendwell.adapters.rendering.grammar import parse
from sendwell.adapters.rendering.meter import Meter
from sendwell.adapters.rendering.program import Program
from sendwell.adapters.rendering.template import Plain, Template
from sendwell.domain.errors import Flaw, Invalid
from sendwell.domain.rendering import Missing, absent, pointer


def required(program: Program) -> frozenset[str]:
    """The dotted names that it reads and does not ask for with `is defined` or `default`."""
    return read_names(program) - program.optional


def read_names(program: Program) -> frozenset[str]:
    """The dotted names of all that it reads."""
    environment = Environment()
    return frozenset(environment.undeclared_variables_in_str(program.source, nested=True))


def missing_in(
    source: str, data: Plain, *, filters: Mapping[str, Callable[..., Any]], meter: Meter
) -> Missing:
    """The error that names what rendering `source` lacked, and all else that `data` lacks.

    It is rendered once more with every variable looked at, since minijinja tells no names.
    """
    seen = _Seen()
    program = _parsed(source, traces=True)
    traced = Template(program, is_html=False, filters={**filters, "_named": seen}, meter=meter)
    with suppress(Invalid):
        # As if there were a null: only then it stops where a value that is printed is one.
        traced.render(msgspec.structs.replace(data, has_null=True))
    untraced = _parsed(source)
    others = (name for name in absent(required(untraced), data.values) if name not in seen.names)
    roots = {name.partition(".")[0] for name in read_names(untraced)}
    names = sorted([*seen.names, *others], key=lambda name: name.partition(".")[0] not in roots)
    return _missing(names, roots)


_parsed = lru_cache(maxsize=32)(parse)
"""A campaign that lacks a variable lacks it a million times."""


class _Seen:
    """What the tag that ran last found to be absent or null."""

    def __init__(self) -> None:
        self._tag = 0
        self.names: list[str] = []

    def __call__(self, value: Any, name: str, tag: int) -> Any:
        if tag != self._tag:
            self._tag = tag
            self.names.clear()
        if value is None:
            # Without `a` there is no `a.b` either; what was meant is the longer one.
            self.names[:] = [other for other in self.names if not name.startswith(f"{other}.")]
            self.names.append(name)
        return value


def _missing(names: list[str], roots: set[str]) -> Missing:
    if not names:
        return Missing(
            "A value that the template needs is absent or null.",
            flaws=[Flaw("/data", "missing: a value that the template needs")],
        )
    flaws = [
        Flaw(
            pointer(name) if name.partition(".")[0] in roots else "/data",
            f"missing: the template needs {name}",
        )
        for name in names
    ]
    return Missing(
        f"The template needs {', '.join(names)}: absent or null.", names=names, flaws=flaws
    )
