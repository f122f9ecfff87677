"""The expressions of the template language: what is not listed here, nobody can write."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar

from jinja2 import nodes

from sendwell.adapters.rendering.filters import FILTERS, FORMATS, GROWING, TESTS
from sendwell.adapters.rendering.program import quoted
from sendwell.domain.errors import Invalid

_DEEPEST = 40
_BIGGEST = 2**63
_DICT_METHODS = frozenset(dir(dict))
_LIST_METHODS = frozenset(dir(list)) - _DICT_METHODS
_PUBLIC_FILTERS = FILTERS.keys() | FORMATS
_ASKING_TESTS = frozenset({"defined", "undefined"})
_PUBLIC_TESTS = TESTS.keys() | _ASKING_TESTS | {"none"}

_COMPARISONS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=",
    "in": "in", "notin": "not in",
}  # fmt: skip
_OPERATORS: Mapping[type[nodes.Node], str] = {
    nodes.Sub: "-", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
    nodes.And: "and", nodes.Or: "or",
}  # fmt: skip
_CALLS: Mapping[type[nodes.Node], str] = {nodes.Add: "_plus", nodes.Mul: "_times"}
_HINTS: Mapping[type[nodes.Node], str] = {
    nodes.Call: "nothing can be called here; there are filters",
    nodes.Pow: "there is no **",
    nodes.Slice: "there are no slices; there is the filter truncate",
    nodes.Dict: "there are no dicts in a template",
    nodes.NSRef: "there are no namespaces",
}


class Expressions:
    """Writes expressions anew for minijinja and remembers what the engine has to know of them.

    With `traces`, every variable passes through the filter `_named`, which learns what it was.
    """

    def __init__(self, *, traces: bool) -> None:
        self.filters: set[str] = set()
        self.tests: set[str] = set()
        self.optional: set[str] = set()
        self.literals = 0
        self.grows = False
        self.may_show_method = False
        self.tag = 0
        """The number of the tag that is being written."""
        self._traces = traces
        self._depth = 0

    def write(self, node: nodes.Node) -> str:
        """The expression; raises Invalid, with the line, for what the language does not have."""
        if self._depth == _DEEPEST:
            raise refusal(node, "this is nested too deeply")
        self._depth += 1
        code = self._traced(node, self._plain(node))
        self._depth -= 1
        return code

    def _plain(self, node: nodes.Node) -> str:
        writer = self._WRITERS.get(type(node))
        if writer is None:
            raise refusal(node, _HINTS.get(type(node), f"there is no {type(node).__name__}"))
        return writer(self, node)

    def _traced(self, node: nodes.Node, code: str) -> str:
        path = _path(node) if self._traces else None
        if path is None:
            return code
        return self._filtered(code, "_named", [quoted(path), str(self.tag)])

    def _constant(self, node: nodes.Const) -> str:
        match node.value:
            case str() as text:
                self.literals += len(text)
                return quoted(text)
            case None | bool():
                return str(node.value).lower()
            case int() | float() if abs(node.value) < _BIGGEST:
                return repr(node.value)
            case _:
                raise refusal(node, "this number is too big")

    def _constants(self, node: nodes.List | nodes.Tuple) -> str:
        """A list of constants: one of variables could hold itself twice over and over."""
        if not all(isinstance(item, nodes.Const) for item in node.items):
            raise refusal(node, "a list in a template holds only words and numbers")
        return f"[{', '.join(self.write(item) for item in node.items)}]"

    def _name(self, node: nodes.Name) -> str:
        return _allowed(node, node.name)

    def _attribute(self, node: nodes.Getattr) -> str:
        return f"{self._owner(node.node, node.attr)}.{_allowed(node, node.attr)}"

    def _item(self, node: nodes.Getitem) -> str:
        match node.arg:
            case nodes.Const(value=str() as name):
                return f"{self._owner(node.node, name)}[{quoted(_allowed(node, name))}]"
            case nodes.Const(value=int()):
                return f"{self.write(node.node)}[{self.write(node.arg)}]"
            case _:
                return f"{self._called('_fields', node.node)}[{self.write(node.arg)}]"

    def _owner(self, owner: nodes.Expr, name: str) -> str:
        """What has the field. Where data lacks `items`, minijinja would find the dict's method.

        A list has no fields anyway, so there it is enough that none of its methods is printed; to
        ask for it costs ten times a look-up, and `count` is a common name.
        """
        self.may_show_method |= name in _LIST_METHODS
        return self._called("_fields", owner) if name in _DICT_METHODS else self.write(owner)

    def _filter(self, node: nodes.Filter) -> str:
        if node.name not in _PUBLIC_FILTERS:
            raise refusal(node, _no_such("filter", node.name, _PUBLIC_FILTERS))
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            raise refusal(node, f"this is no way to use the filter {node.name}")
        operand = self._asked(node.node) if node.name == "default" else self.write(node.node)
        named = [f"{pair.key}={self.write(pair.value)}" for pair in node.kwargs]
        return self._filtered(operand, node.name, [*map(self.write, node.args), *named])

    def _test(self, node: nodes.Test) -> str:
        if node.name not in _PUBLIC_TESTS:
            raise refusal(node, _no_such("test", node.name, _PUBLIC_TESTS))
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise refusal(node, f"this is no way to use the test {node.name}")
        self.tests |= {node.name} & TESTS.keys()
        is_asking = node.name in _ASKING_TESTS
        operand = self._asked(node.node) if is_asking else self.write(node.node)
        return f"({operand} is {node.name}{_listed([*map(self.write, node.args)])})"

    def _comparison(self, node: nodes.Compare) -> str:
        """Native where one side is at hand; two variables could be lists of a hundred thousand."""
        if len(node.ops) > 1:
            raise refusal(node, "compare two values at a time, and join them with `and`")
        name, left, right = node.ops[0].op, node.expr, node.ops[0].expr
        is_at_hand = isinstance(right, nodes.Const | nodes.List | nodes.Tuple) or (
            isinstance(left, nodes.Const) and name not in ("in", "notin")
        )
        if is_at_hand:
            return f"({self.write(left)} {_COMPARISONS[name]} {self.write(right)})"
        return self._filtered(self.write(left), "_compare", [quoted(name), self.write(right)])

    def _choice(self, node: nodes.CondExpr) -> str:
        other = '""' if node.expr2 is None else self.write(node.expr2)
        return f"({self.write(node.expr1)} if {self.write(node.test)} else {other})"

    def _negation(self, node: nodes.Not) -> str:
        return f"(not {self.write(node.node)})"

    def _minus(self, node: nodes.Neg) -> str:
        """A subtraction, since what that says of an absent value tells that it is absent."""
        return f"(0 - {self.write(node.node)})"

    def _operation(self, node: nodes.BinExpr) -> str:
        return f"({self.write(node.left)} {_OPERATORS[type(node)]} {self.write(node.right)})"

    def _call(self, node: nodes.BinExpr) -> str:
        return self._called(_CALLS[type(node)], node.left, node.right)

    def _concatenation(self, node: nodes.Concat) -> str:
        return self._called("_concat", *node.nodes)

    def _called(self, name: str, first: nodes.Expr, *rest: nodes.Expr) -> str:
        return self._filtered(self.write(first), name, [self.write(other) for other in rest])

    def _filtered(self, operand: str, name: str, arguments: Sequence[str]) -> str:
        self.filters.add(name)
        self.grows = self.grows or name in GROWING
        return f"({operand}|{name}{_listed(arguments)})"

    def _asked(self, node: nodes.Expr) -> str:
        """An operand that may be absent; what it is a field of may not."""
        if (path := _path(node)) is not None:
            self.optional.add(path)
        return self._plain(node)

    _WRITERS: ClassVar[Mapping[type[nodes.Node], Callable[["Expressions", Any], str]]] = {
        nodes.Const: _constant,
        nodes.List: _constants,
        nodes.Tuple: _constants,
        nodes.Name: _name,
        nodes.Getattr: _attribute,
        nodes.Getitem: _item,
        nodes.Filter: _filter,
        nodes.Test: _test,
        nodes.Compare: _comparison,
        nodes.CondExpr: _choice,
        nodes.Not: _negation,
        nodes.Neg: _minus,
        nodes.Concat: _concatenation,
        **dict.fromkeys(_OPERATORS, _operation),
        **dict.fromkeys(_CALLS, _call),
    }
    """Everything that an expression can be made of."""


def refusal(node: nodes.Node, why: str) -> Invalid:
    """The language does not have this."""
    return Invalid(f"line {node.lineno}: {why}.", code="template_error")


def _listed(arguments: Sequence[str]) -> str:
    return f"({', '.join(arguments)})" if arguments else ""


def _path(node: nodes.Node) -> str | None:
    """The dotted name of a variable or a field of one."""
    match node:
        case nodes.Name(name=name) if name != "loop":
            return str(name)
        case nodes.Getattr(node=owner, attr=key):
            return _under(owner, key)
        case nodes.Getitem(node=owner, arg=nodes.Const(value=key)):
            return _under(owner, key)
        case _:
            return None


def _under(owner: nodes.Expr, key: object) -> str | None:
    path = _path(owner)
    return None if path is None else f"{path}.{key}"


def _allowed(node: nodes.Node, name: str) -> str:
    if name.startswith("__"):
        raise refusal(node, f"no name begins with two underscores, as {name} does")
    return name


def _no_such(kind: str, name: str, known: Collection[str]) -> str:
    return f"there is no {kind} {name!r}; there are {', '.join(sorted(known))}"
