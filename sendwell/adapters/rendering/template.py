"""One program, compiled; runs in bounded time and memory."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import msgspec
from minijinja import Environment, TemplateError

from sendwell.adapters.rendering.filters import TESTS
from sendwell.adapters.rendering.meter import Meter
from sendwell.adapters.rendering.program import Program
from sendwell.domain.errors import Invalid, TooLarge
from sendwell.domain.rendering import Missing

LONGEST_DATA = 256 * 1024
LONGEST_PART = 1024 * 1024
_SHORT_FUEL = 5_000
_FUEL = 50_000
_SMALL = 4 * 1024
_ESCAPED_SLASH = "&#x2f;"
"""The engine escapes slashes, too, which nothing needs and makes links hard to read."""
_MISUSE = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What the functions of Python say of arguments that they can't take."""

_ABSENT = re.compile(r"\b(?:undefined|none)\b")
_METHOD = re.compile(r"built-in method \w+ of list object at 0x")
_GLOBALS = ("range", "dict", "debug", "namespace", "cycler", "joiner")

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Plain(msgspec.Struct, frozen=True, gc=False):
    """Data that came as JSON, so that nothing in it can be called; nobody else has it in hand."""

    values: dict[str, Any]
    size: int
    has_null: bool


def read(data: bytes) -> Plain:
    """The data of one render. Raises Invalid for what is no JSON object, TooLarge for too much."""
    if len(data) > LONGEST_DATA:
        raise TooLarge(
            f"A template takes at most {LONGEST_DATA} bytes of data.", code="template_error"
        )
    try:
        return Plain(_decode(data), len(data), b"null" in data)
    except (ValueError, RecursionError) as error:
        raise Invalid("The data is no JSON object.", code="template_error") from error


class Template:
    """A program in an environment of its own: it has nothing to include, and goes as a whole.

    A short run comes first. What it can make is bounded by its fuel alone: few steps, over little
    data, that can't enlarge it. A program that needs more runs again with more fuel, and then each
    value that it prints is metered, which costs half as much again.
    """

    def __init__(
        self,
        program: Program,
        *,
        is_html: bool,
        filters: Mapping[str, Callable[..., Any]],
        meter: Meter,
    ) -> None:
        self._program = program
        self._source = program.source
        self._is_html = is_html
        self._name = "part.html" if is_html else "part.txt"
        self._filters = {name: filters[name] for name in program.filters}
        self._meter = meter
        self._most_data = -1 if program.needs_meter else _SMALL - program.literals
        self._short = self._environment(_SHORT_FUEL)

    def render(self, data: Plain) -> str:
        """The words. Raises Missing without a name, TooLarge, or Invalid with the line if known."""
        self._meter.start()
        words = self._render(data)
        if len(words) > LONGEST_PART:
            raise TooLarge(
                f"It has {len(words)} characters, and at most {LONGEST_PART} are sent.",
                code="template_error",
            )
        if "\0" in words:
            raise Invalid("A value holds the character NUL.", code="template_error")
        if self._program.may_show_method and _METHOD.search(words):
            raise Missing("A list has no fields.")
        return words.replace(_ESCAPED_SLASH, "/") if self._is_html else words

    def _render(self, data: Plain) -> str:
        if data.size > self._most_data or data.has_null:
            return self._run(self._metered, data)
        try:
            return self._run(self._short, data)
        except _OutOfFuelError:
            return self._run(self._metered, data)

    @cached_property
    def _metered(self) -> Environment:
        return self._environment(_FUEL, finalizer=self._print)

    def _environment(self, fuel: int, **more: Any) -> Environment:
        environment = Environment(
            fuel=fuel,
            undefined_behavior="strict",
            debug=False,
            pycompat=False,
            keep_trailing_newline=True,
            filters=self._filters,
            tests={name: TESTS[name] for name in self._program.tests},
            **more,
        )
        for name in _GLOBALS:
            environment.remove_global(name)
        try:
            environment.add_template(self._name, self._source)
        except (TemplateError, UnicodeEncodeError) as error:
            raise Invalid(_said(error), code="template_error") from error
        return environment

    def _run(self, environment: Environment, data: Plain) -> str:
        try:
            return environment.render_template(self._name, **data.values)
        except TemplateError as error:
            raise _translated(error) from error
        except _MISUSE as error:
            raise Invalid("A filter got what it can't take.", code="template_error") from error
        except BaseException as error:
            # A panic of the engine comes as a BaseException whose class can't be imported.
            if type(error).__name__ != "PanicException":
                raise
            raise Invalid("The template can't be rendered.", code="template_error") from error

    def _print(self, value: Any) -> Any:
        if value is None:
            raise Missing("There is no value.")
        self._meter.spend(len(value if isinstance(value, str) else str(value)))
        return NotImplemented


class _OutOfFuelError(TooLarge):
    """The run took too many steps."""


def _translated(error: TemplateError) -> Invalid:
    if error.kind == "OutOfFuel":
        return _OutOfFuelError("It takes too many steps.", code="template_error")
    if error.kind == "UndefinedError" or _ABSENT.search(error.detail or ""):
        return Missing(f"line {error.line}: a variable is missing.")
    return Invalid(
        f"line {error.line}: this can't be done with these values.", code="template_error"
    )


def _said(error: Exception) -> str:
    if isinstance(error, TemplateError):
        return f"line {error.line}: {error.detail or error.kind}."
    return "The template holds half a character."
