"""The template language: read by Jinja2's parser, allowed by list, written anew for minijinja.

minijinja never sees what an author wrote. Its fuel bounds the number of steps, but one step can
build a string of a gigabyte, sort a hundred thousand values or call a method of a Python list; and
a few thousand nested signs overflow the stack of its parser, which ends the process (all seen). So
only what is listed goes through, and what can grow or search is written as a call of a filter of
ours, which is metered. Of Jinja2 nothing is used but the parser.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from sendwell.adapters.rendering.expressions import Expressions, refusal
from sendwell.adapters.rendering.program import Kind, Program, Segment
from sendwell.domain.errors import Invalid, TooLarge

LONGEST_SOURCE = 128 * 1024
MOST_TOKENS = 8_000
"""Names and signs in tags, of which Jinja2 reads some 60,000 in a second: all else waits then."""
_DEEPEST = 20
_MOST_BRANCHES = 100
"""minijinja nests one in the other, and overflows its stack at some thousands."""

_HINTS: dict[type[nodes.Node], str] = {
    nodes.Include: "{% include %} is not available",
    nodes.Import: "{% import %} is not available",
    nodes.FromImport: "{% from %} is not available",
    nodes.Extends: "{% extends %} is not available",
    nodes.Block: "{% block %} is not available",
    nodes.Macro: "{% macro %} is not available",
    nodes.CallBlock: "{% call %} is not available",
    nodes.FilterBlock: "{% filter %} is not available",
    nodes.AssignBlock: "{% set %} needs a value: {% set name = value %}",
    nodes.With: "{% with %} is not available; there is {% set %}",
    nodes.ScopedEvalContextModifier: "escaping can't be switched",
}


def parse(source: str, *, traces: bool = False) -> Program:
    """What the author wrote, as a program. Raises Invalid with the line and what is wrong there.

    With `traces`, running it tells `_named` every variable that it reads.
    """
    if len(source) > LONGEST_SOURCE:
        raise TooLarge(f"A template has at most {LONGEST_SOURCE} characters.", code="too_large")
    try:
        template = _parser().parse(source)
        return _Statements(traces=traces).program(template)
    except TemplateSyntaxError as error:
        raise Invalid(
            f"line {error.lineno}: {str(error.message).rstrip('.')}.", code="template_error"
        ) from error
    except (RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise Invalid("The template is nested too deeply.", code="template_error") from error


class _Counter(Extension):
    """Ends what has too many tokens where that is seen, not when all of them were read."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """The tokens, and no more than may be."""
        for number, token in enumerate(stream):
            if number >= MOST_TOKENS:
                why = f"its tags have more than {MOST_TOKENS} names and signs"
                raise TemplateSyntaxError(why, token.lineno)
            yield token


@cache
def _parser() -> Environment:
    return Environment(extensions=[_Counter])  # noqa: S701 - it only parses


class _Statements:
    """Writes statements anew, as segments, each tag on the line where the author has it."""

    def __init__(self, *, traces: bool) -> None:
        self._expressions = Expressions(traces=traces)
        self._segments: list[Segment] = []
        self._line = 1
        self._depth = 0
        self._loops = 0

    def program(self, template: nodes.Template) -> Program:
        self._body(template.body)
        known = self._expressions
        return Program(
            tuple(self._segments),
            frozenset(known.filters),
            frozenset(known.tests),
            frozenset(known.optional),
            known.literals,
            known.grows,
            known.may_show_method,
        )

    def _body(self, statements: Sequence[nodes.Node]) -> None:
        for statement in statements:
            match statement:
                case nodes.Output(nodes=outputs):
                    for output in outputs:
                        self._output(output)
                case nodes.If():
                    self._if(statement)
                case nodes.For():
                    self._for(statement)
                case nodes.Assign(target=target, node=value):
                    self._tag(f"set {_target(target)} = ", value)
                case _:
                    raise refusal(
                        statement,
                        _HINTS.get(type(statement), f"there is no {type(statement).__name__}"),
                    )

    def _output(self, output: nodes.Expr) -> None:
        if isinstance(output, nodes.TemplateData):
            self._add(Kind.WORDS, output.data)
        else:
            self._add(Kind.VALUE, self._written(output))

    def _if(self, statement: nodes.If) -> None:
        with self._nested(statement):
            self._tag("if ", statement.test)
            self._body(statement.body)
            if len(statement.elif_) > _MOST_BRANCHES:
                raise refusal(statement, f"an if has at most {_MOST_BRANCHES} branches")
            for other in statement.elif_:
                self._tag("elif ", other.test)
                self._body(other.body)
            self._else(statement.else_)
            self._add(Kind.STATEMENT, "endif")

    def _for(self, statement: nodes.For) -> None:
        if statement.recursive:
            raise refusal(statement, "a loop can't be recursive")
        with self._nested(statement):
            condition = f" if {self._written(statement.test)}" if statement.test else ""
            self._tag(f"for {_target(statement.target)} in ", statement.iter, condition)
            self._loops += 1
            self._body(statement.body)
            self._loops -= 1
            self._else(statement.else_)
            self._add(Kind.STATEMENT, "endfor")

    def _else(self, statements: Sequence[nodes.Node]) -> None:
        if statements:
            self._add(Kind.STATEMENT, "else")
            self._body(statements)

    def _tag(self, opening: str, node: nodes.Node, closing: str = "") -> None:
        self._add(Kind.STATEMENT, f"{opening}{self._written(node)}{closing}")

    def _written(self, node: nodes.Node) -> str:
        """The expression, after as many line ends as keep the line that an error will name."""
        self._expressions.tag += 1
        return "\n" * (node.lineno - self._line) + self._expressions.write(node)

    def _add(self, kind: Kind, code: str) -> None:
        self._line += code.count("\n")
        if kind is Kind.WORDS and self._segments and self._segments[-1].kind is Kind.WORDS:
            # Words that only a comment parted: to minijinja they are one.
            code = self._segments.pop().code + code
        self._segments.append(Segment(kind, code, is_looped=self._loops > 0))

    @contextmanager
    def _nested(self, statement: nodes.Node) -> Iterator[None]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise refusal(statement, f"tags are nested more than {_DEEPEST} deep")
        yield
        self._depth -= 1


def _target(target: nodes.Node) -> str:
    """The name, or the names, that a loop or a set gives values to."""
    match target:
        case nodes.Name(name=name) if not name.startswith("_"):
            return name
        case nodes.Tuple(items=items):
            return ", ".join(_target(item) for item in items)
        case _:
            raise refusal(target, "a value is given to a plain name, not beginning with _")
