"""The Renderer on minijinja: a Rust engine with a fuel gauge, behind a grammar of our own."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from sendwell.adapters.locale_formats import formats_of, known_locale
from sendwell.adapters.plain_text import text_of, text_program
from sendwell.adapters.rendering.filters import FILTERS, INTERNAL, Filters
from sendwell.adapters.rendering.grammar import parse
from sendwell.adapters.rendering.meter import Meter
from sendwell.adapters.rendering.places import guarded
from sendwell.adapters.rendering.program import Program
from sendwell.adapters.rendering.template import Plain, Template, read
from sendwell.adapters.rendering.trace import missing_in, read_names, required
from sendwell.domain.errors import Invalid, TooLarge
from sendwell.domain.one_line import flaw_in_line
from sendwell.domain.rendering import Context, Missing, Source
from sendwell.ports.renderer import Render

_KEPT = 512
"""Compiled sources; a page takes some 30 kB."""

_Functions = Mapping[str, Callable[..., Any]]


class MinijinjaRenderer:
    """Keeps what it has compiled, by source and locale."""

    def __init__(self) -> None:
        self._meter = Meter()
        language = Filters(self._meter)
        self._functions: _Functions = {
            name: function.__get__(language) for name, function in {**FILTERS, **INTERNAL}.items()
        }
        self._compiled = lru_cache(maxsize=_KEPT)(self._compile)

    def check(self, source: Source) -> None:
        self._compiled(source.text, source.context, known_locale("en"))

    def variables(self, source: Source) -> frozenset[str]:
        self.check(source)
        return required(parse(source.text))

    def reads(self, source: Source) -> frozenset[str]:
        self.check(source)
        return read_names(parse(source.text))

    def render(self, sources: Mapping[str, Source], data: bytes, *, locale: str) -> dict[str, str]:
        return self.prepare(sources, locale=locale)(data)

    def prepare(self, sources: Mapping[str, Source], *, locale: str) -> Render:
        known = known_locale(locale)
        programs: list[tuple[str, Callable[[Plain], str]]] = []
        for part, source in sources.items():
            try:
                compiled = self._compiled(source.text, source.context, known)
            except Invalid as error:
                raise _in_part(part, error) from error
            programs.append((part, compiled.render))

        def render(data: bytes) -> dict[str, str]:
            given, words, part = read(data), {}, ""
            try:
                for part, fill in programs:
                    words[part] = fill(given)
            except Missing as error:
                raise self._named(part, sources[part], given, locale=known) from error
            except Invalid as error:
                raise _in_part(part, error) from error
            return words

        return render

    def text_of(self, html: str) -> str | None:
        try:
            return text_of(html)
        except Invalid:
            return None

    def _named(self, part: str, source: Source, data: Plain, *, locale: str) -> Missing:
        functions = self._functions_of(locale)
        found = missing_in(source.text, data, filters=functions, meter=self._meter)
        return Missing(f"{part}: {found.message}", names=found.names, flaws=found.flaws)

    def _compile(self, source: str, context: Context, locale: str) -> "_Renders":
        program = parse(source)
        match context:
            case Context.HTML:
                return self._template(guarded(program), locale, is_html=True)
            case Context.TEXT:
                return self._template(program, locale)
            case Context.LINE:
                segments = (segment.on_one_line() for segment in program.segments)
                return _Line(self._template(program.with_segments(segments), locale))
            case Context.TEXT_OF_HTML:
                told = text_program(program)
                if told is not None:
                    return self._template(told, locale)
                return _Told(self._template(guarded(program), locale, is_html=True))

    def _template(self, program: Program, locale: str, *, is_html: bool = False) -> Template:
        functions = self._functions_of(locale)
        return Template(program, is_html=is_html, filters=functions, meter=self._meter)

    def _functions_of(self, locale: str) -> _Functions:
        return {**self._functions, **formats_of(locale).filters}


class _Renders(Protocol):
    def render(self, data: Plain) -> str: ...


class _Line:
    """Words that must be one line."""

    def __init__(self, template: Template) -> None:
        self._template = template

    def render(self, data: Plain) -> str:
        words = self._template.render(data)
        if (flaw := flaw_in_line(words)) is not None:
            raise Invalid(flaw, code="template_error")
        return words.replace("\t", " ").strip()  # harmless, but no header may hold it


class _Told:
    """The text of a page that has to be finished before it can be told."""

    def __init__(self, page: Template) -> None:
        self._page = page

    def render(self, data: Plain) -> str:
        return text_of(self._page.render(data))


def _in_part(part: str, error: Invalid) -> Invalid:
    kind = TooLarge if isinstance(error, TooLarge) else Invalid
    return kind(f"{part}: {error.message}", flaws=error.flaws, code=error.code)
