"""The expressions of the template language: what is not listed here, nobody can write."""

from jinja2 import nodes

from sendwell.adapters.rendering.filters import FILTERS, FORMATS, GROWING, TESTS
from sendwell.adapters.rendering.program import quoted
from sendwell.domain.errors import Invalid

_DEEPEST = 40
_BIGGEST = 2**63
_METHODS = frozenset(dir(dict)) | frozenset(dir(list))
_FILTERS = FILTERS.keys() | FORMATS
_NATIVE_TESTS = frozenset({"defined", "undefined", "none"})
_ASKS = frozenset({"defined", "undefined"})

_COMPARISONS = {
    "eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=",
    "in": "in", "notin": "not in",
}  # fmt: skip
_ARITHMETIC: dict[type[nodes.Node], str] = {
    nodes.Sub: "-", nodes.Div: "/", nodes.FloorDiv: "//", nodes.Mod: "%",
    nodes.And: "and", nodes.Or: "or",
}  # fmt: skip
_HINTS: dict[type[nodes.Node], str] = {
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
        self.tag = 0
        """The number of the tag that is being written."""
        self._traces = traces
        self._depth = 0

    def write(self, node: nodes.Node) -> str:
        """The expression; raises Invalid, with the line, for what the language does not have."""
        if self._depth == _DEEPEST:
            raise refusal(node, "this is nested too deeply")
        self._depth += 1
        try:
            return self._traced(node, self._plain(node))
        finally:
            self._depth -= 1

    def _plain(self, node: nodes.Node) -> str:  # noqa: C901, PLR0911 - the list of what there is
        match node:
            case nodes.Const(value=value):
                return self._constant(node, value)
            case nodes.Name(name=name):
                return _allowed_name(node, name)
            case nodes.Getattr(node=owner, attr=name):
                return self._field(owner, name)
            case nodes.Getitem(node=owner, arg=key):
                return self._item(owner, key)
            case nodes.List(items=items) | nodes.Tuple(items=items):
                return self._constants(node, items)
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Compare(expr=left, ops=[nodes.Operand(op=name, expr=right)]):
                return self._comparison(name, left, right)
            case nodes.CondExpr(test=test, expr1=yes, expr2=no):
                other = '""' if no is None else self.write(no)
                return f"({self.write(yes)} if {self.write(test)} else {other})"
            case nodes.Not(node=inner):
                return f"(not {self.write(inner)})"
            case nodes.Neg(node=inner):
                return f"(-{self.write(inner)})"
            case nodes.Concat(nodes=parts):
                return self._called("_concat", *parts)
            case nodes.Add(left=left, right=right):
                return self._called("_plus", left, right)
            case nodes.Mul(left=left, right=right):
                return self._called("_times", left, right)
            case nodes.BinExpr(left=left, right=right) if type(node) in _ARITHMETIC:
                return f"({self.write(left)} {_ARITHMETIC[type(node)]} {self.write(right)})"
            case nodes.Compare():
                raise refusal(node, "compare two values at a time and join with `and`")
            case _:
                raise refusal(node, _HINTS.get(type(node), f"there is no {type(node).__name__}"))

    def _traced(self, node: nodes.Node, code: str) -> str:
        path = _path(node) if self._traces else None
        if path is None:
            return code
        self.filters.add("_named")
        return f"({code}|_named({quoted(path)}, {self.tag}))"

    def _constant(self, node: nodes.Node, value: object) -> str:
        match value:
            case str():
                self.literals += len(value)
                return quoted(value)
            case None | bool():
                return str(value).lower()
            case int() | float() if abs(value) < _BIGGEST:
                return repr(value)
            case _:
                raise refusal(node, "this number is too big")

    def _constants(self, node: nodes.Node, items: list[nodes.Expr]) -> str:
        """A list of constants: one of variables could hold itself twice over and over."""
        if not all(isinstance(item, nodes.Const) for item in items):
            raise refusal(node, "a list in a template holds only words and numbers")
        return f"[{', '.join(self.write(item) for item in items)}]"

    def _field(self, owner: nodes.Expr, name: str) -> str:
        return f"{self._owner(owner, name)}.{_allowed_name(owner, name)}"

    def _item(self, owner: nodes.Expr, key: nodes.Expr) -> str:
        match key:
            case nodes.Const(value=str() as name):
                return f"{self._owner(owner, name)}[{quoted(_allowed_name(owner, name))}]"
            case nodes.Const(value=int()):
                return f"{self.write(owner)}[{self.write(key)}]"
            case _:
                self.filters.add("_fields")
                return f"({self.write(owner)}|_fields)[{self.write(key)}]"

    def _owner(self, owner: nodes.Expr, name: str) -> str:
        """What has the field. Where data lacks `items`, minijinja would give the dict's method."""
        if name not in _METHODS:
            return self.write(owner)
        self.filters.add("_fields")
        return f"({self.write(owner)}|_fields)"

    def _filter(self, node: nodes.Filter) -> str:
        if node.name not in _FILTERS:
            raise refusal(node, _no_such("filter", node.name, _FILTERS))
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            raise refusal(node, f"this is no way to use the filter {node.name}")
        self.grows = self.grows or node.name in GROWING
        operand = self._asked(node.node) if node.name == "default" else self.write(node.node)
        arguments = [self.write(argument) for argument in node.args]
        named = [f"{pair.key}={self.write(pair.value)}" for pair in node.kwargs]
        return self._filtered(operand, node.name, [*arguments, *named])

    def _test(self, node: nodes.Test) -> str:
        if node.name not in TESTS.keys() | _NATIVE_TESTS:
            raise refusal(node, _no_such("test", node.name, TESTS.keys() | _NATIVE_TESTS))
        if node.kwargs or node.dyn_args or node.dyn_kwargs:
            raise refusal(node, f"this is no way to use the test {node.name}")
        if node.name in TESTS:
            self.tests.add(node.name)
        operand = self._asked(node.node) if node.name in _ASKS else self.write(node.node)
        arguments = [self.write(argument) for argument in node.args or ()]
        return f"({operand} is {node.name}{_listed(arguments)})"

    def _comparison(self, name: str, left: nodes.Expr, right: nodes.Expr) -> str:
        """Native where one side is at hand; two variables could be lists of a hundred thousand."""
        if isinstance(right, nodes.Const | nodes.List | nodes.Tuple) or (
            isinstance(left, nodes.Const) and name not in ("in", "notin")
        ):
            return f"({self.write(left)} {_COMPARISONS[name]} {self.write(right)})"
        self.filters.add("_compare")
        return f"({self.write(left)}|_compare({quoted(name)}, {self.write(right)}))"

    def _called(self, name: str, first: nodes.Expr, *rest: nodes.Expr) -> str:
        self.grows = self.grows or name in GROWING
        return self._filtered(self.write(first), name, [self.write(other) for other in rest])

    def _filtered(self, operand: str, name: str, arguments: list[str]) -> str:
        self.filters.add(name)
        return f"({operand}|{name}{_listed(arguments)})"

    def _asked(self, node: nodes.Expr) -> str:
        """An operand that may be absent; what it is a field of may not."""
        if (path := _path(node)) is not None:
            self.optional.add(path)
        return self._plain(node)


def refusal(node: nodes.Node, why: str) -> Invalid:
    """The language does not have this."""
    return Invalid(f"line {node.lineno}: {why}.", code="template_error")


def _listed(arguments: list[str]) -> str:
    return f"({', '.join(arguments)})" if arguments else ""


def _path(node: nodes.Node) -> str | None:
    """The dotted name of a variable or a field of one."""
    match node:
        case nodes.Name(name=name):
            return name
        case nodes.Getattr(node=owner, attr=key) | nodes.Getitem(
            node=owner, arg=nodes.Const(value=key)
        ):
            inner = _path(owner)
            return None if inner is None else f"{inner}.{key}"
        case _:
            return None


def _allowed_name(node: nodes.Node, name: str) -> str:
    if name.startswith("__"):
        raise refusal(node, f"no name begins with two underscores, as {name} does")
    return name


def _no_such(kind: str, name: str, known: frozenset[str] | set[str]) -> str:
    public = ", ".join(sorted(other for other in known if not other.startswith("_")))
    return f"there is no {kind} {name!r}; there are {public}"


