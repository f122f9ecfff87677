"""Templates and data that mean harm, run over every adapter of the Renderer port."""

import json
import resource
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sendwell.domain.errors import Invalid
from sendwell.domain.rendering import Context, Source
from sendwell.ports.renderer import Renderer
from tests.conformance.renderers import every_adapter, render

MOST_CPU_SECONDS = 5.0
"""None takes a second where nothing else runs."""
MOST_MEMORY_KIB = 200 * 1024

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ x.__class__.__init__.__globals__ }}",
    "{{ x['__cla' ~ 'ss__'] }}",
    "{{ x|attr('__class__') }}",
    "{{ x|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "{{ [x]|map(attribute='__class__')|list }}",
    "{{ [x]|selectattr('__class__')|list }}",
    "{{ [x]|groupby('__class__') }}",
    "{{ xs|sort(attribute='__class__') }}",
    "{{ xs|sum(attribute='__class__') }}",
    "{{ '{0.__class__}'.format(x) }}",
    "{{ '{0.__class__}'|format(x) }}",
    "{{ '%s'|format(x) }}",
    "{{ '{x.__class__}'.format_map({'x': x}) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(x) }}",
    "{{ x.name.format }}{{ x.name.format_map }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ cycler('a', 'b').next() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ lipsum() }}",
    "{{ namespace.__init__.__globals__ }}",
    "{% set n = namespace(a=1) %}{% set n.a = 2 %}{{ n.a }}",
    "{{ dict(a=1) }}",
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ config }}",
    "{{ config.items() }}",
    "{{ env }}",
    "{{ environ }}",
    "{{ os.environ }}",
    "{{ request.application.__globals__ }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__ }}",
    "{{ g.pop.__globals__ }}",
    "{{ debug() }}",
    "{{ debug }}",
    "{{ range(3) }}",
    "{{ range }}",
    "{{ super() }}",
    "{{ caller() }}",
    "{{ import('os') }}",
    "{{ x.pop('name') }}",
    "{{ x.clear() }}",
    "{{ x.update({'name': 1}) }}",
    "{{ x.items }}",
    "{{ x['items'] }}",
    "{{ x[key] }}",
    "{{ xs.append(1) }}",
    "{{ xs.append }}",
    "{{ xs['append'] }}",
    "{{ xs.append|upper }}",
    "{{ xs.append ~ 1 }}",
    "{{ xs.__class__ }}",
    "{{ x.name.upper() }}",
    "{{ 'a'.join(xs) }}",
    "{{ ().__class__.__bases__[0] }}",
    "{{ x|tojson }}{{ x|pprint }}",
    "{{ x.name|safe }}",
    "{{ x|items|batch(1000000000) }}",
    "{{ xs|slice(1000000000) }}",
    "{% include '/etc/passwd' %}",
    "{% include 'part.txt' %}",
    "{% include 'part.html' ignore missing %}",
    "{% import 'os' as os %}",
    "{% from 'os' import popen %}",
    "{% extends 'part.html' %}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% call a() %}{% endcall %}",
    "{% filter upper %}a{% endfilter %}",
    "{% autoescape false %}{{ x.name }}{% endautoescape %}",
    "{% with a = 1 %}{{ a }}{% endwith %}",
    "{% do x.clear() %}",
    "{% for a in xs recursive %}{{ loop(xs) }}{% endfor %}",
    "{% set a %}{{ x }}{% endset %}",
    "{% debug %}",
    "{% print(x) %}{{ print('x') }}",
    "{{ _named }}{{ x|_named('x', 1) }}",
    "{{ x|_fields }}",
    "{{ 'a'|_concat('b') }}",
    "{% set _x = 1 %}{{ _x }}",
    "{{ '\\ud83d' }}",
    "{{ 9**9**9 }}",
    "{{ " + "9" * 5000 + " }}",
    "{{ 1e999 }}",
]

TEN = "{% for a in xs %}"
END = "{% endfor %}"

FLOODS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "loops in loops": (TEN * 10 + "x" + END * 10, {"xs": [0] * 1000}),
    "empty loops in loops": (TEN * 10 + END * 10, {"xs": [0] * 1000}),
    "loops that pass nothing": (TEN + "{% for b in xs if false %}" + END * 2, {"xs": [0] * 9999}),
    "a long value in a loop": (TEN + "{{ x }}" + END, {"xs": [0] * 5000, "x": "<" * 200_000}),
    "quotes in a loop": (TEN * 2 + "{{ x }}" + END * 2, {"xs": [0] * 300, "x": "'" * 3000}),
    "long words in a loop": (TEN * 2 + "x" * 100_000 + END * 2, {"xs": [0] * 1000}),
    "words parted by comments": (TEN * 2 + ("x" * 999 + "{# #}") * 99 + END * 2, {"xs": [0] * 999}),
    "a long literal in a loop": (TEN * 2 + f"{{{{ '{'x' * 9999}' }}}}" + END * 2, {"xs": [0] * 99}),
    "a list in a loop": (TEN + "{{ xs }}" + END, {"xs": list(range(30_000))}),
    "doubling": ("{% set x = x ~ x %}" * 60, {"x": "x"}),
    "doubling in loops": ("{% for x in [1] %}{% set x = x ~ x %}" * 15 + END * 15, {}),
    "replacing": ("{% set x = x|replace('x', 'xxxxxxxxxx') %}" * 20, {"x": "x"}),
    "joining": (TEN + "{% set x = xs|join(y) %}" + END, {"xs": [1] * 9999, "y": "y" * 9999}),
    "multiplying": ("{% set x = x * x %}" * 60, {"x": 99}),
    "repeating a text": ("{{ 'x' * 1000000000 }}{{ x * 1000000000 }}", {"x": "x"}),
    "repeating a list": ("{{ xs * 1000000000 }}", {"xs": [1]}),
    "cutting with a long end": ("{% set x = x|truncate(x|length - 1, x) %}" * 60, {"x": "xxxx"}),
    "encoding": (TEN + "{{ x|urlencode|length }}" + END, {"xs": [0] * 9999, "x": "ü" * 99_999}),
    "sorting in a loop": (TEN + "{{ xs|sort|length }}" + END, {"xs": list(range(30_000))}),
    "adding up in a loop": (TEN + "{{ xs|sum }}" + END, {"xs": list(range(30_000))}),
    "searching in a loop": (TEN + "{% if 'x' in xs %}{% endif %}" + END, {"xs": [0] * 99_999}),
    "searching a text": (TEN + "{% if y in x %}{% endif %}" + END,
                         {"xs": [0] * 9999, "x": "x" * 99_999, "y": "xxxxxy"}),
    "comparing lists": (TEN + "{% if xs == xs %}{% endif %}" + END, {"xs": [0] * 99_999}),
    "comparing texts": (TEN + "{% if x < x %}{% endif %}" + END,
                        {"xs": [0] * 9999, "x": "x" * 200_000}),
    "sorting lists": (TEN + "{{ ys|sort|length }}" + END,
                      {"xs": [0] * 999, "ys": [[0] * 50_000, [0] * 50_000]}),
    "a long number": (TEN + "{{ x|money('EUR') }}" + END, {"xs": [0] * 99, "x": "9" * 200_000}),
    "a number to be parsed": (TEN + "{{ x|float }}" + END, {"xs": [0] * 9999, "x": "9" * 99_999}),
    "a number of many digits": ("{{ x|number }}{{ x * x }}", {"x": 10**4000}),
    "many decimals": ("{{ 1|number(1000000000) }}", {}),
    "rounding far off": ("{{ 5|round(-1000000000) }}", {}),
    "a long date": ("{{ '2026-01-01'|date('" + "y" * 100_000 + "') }}", {}),
    "a long link": (TEN + "{{ x|url|length }}" + END,
                    {"xs": [0] * 9999, "x": "https://" + "x" * 200_000}),
    "deep data": ("{{ x }}", {"x": json.loads("[" * 400 + "]" * 400)}),
    "signs": ("{{ " + "-" * 20_000 + "1 }}", {}),
    "negations": ("{{ " + "not " * 20_000 + "1 }}", {}),
    "brackets": ("{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}", {}),
    "lists in lists": ("{{ " + "[" * 20_000 + "]" * 20_000 + " }}", {}),
    "sums": ("{{ 1" + "+1" * 20_000 + " }}", {}),
    "concatenations": ("{{ 1" + "~1" * 20_000 + " }}", {}),
    "fields of fields": ("{{ x" + ".a" * 20_000 + " }}", {"x": {}}),
    "filters on filters": ("{{ x" + "|upper" * 15_000 + " }}", {"x": "x"}),
    "conditions": ("{{ 1" + " if 1 else 1" * 10_000 + " }}", {}),
    "ifs in ifs": ("{% if 1 %}" * 6000 + "{% endif %}" * 6000, {}),
    "branches": ("{% if 0 %}" + "{% elif 0 %}" * 10_000 + "{% endif %}", {}),
    "a long list": ("{{ [" + "1," * 20_000 + "] }}", {}),
    "many tags": ("{{ x }}" * 18_000, {"x": 1}),
    "braces": ("{" * 130_000, {}),
    "comments": ("{# " * 40_000, {}),
    "raw braces": ("{% raw %}" + "{" * 100_000 + "{% endraw %}", {}),
    "angles": ("<" * 130_000, {}),
    "attributes": ('<a b="' * 20_000, {}),
    "spaces": (" " * 130_000 + "{{- 1 }}", {}),
    "too long": ("x" * 200_000, {}),
}  # fmt: skip

PAGES: dict[str, str] = {
    "tables in tables": "<table><tr><td>" * 8000 + "x",
    "boxes in boxes": "<div>" * 25_000,
    "lists in lists": "<ol>" * 200 + "<li>x" * 5000,
    "a wide cell above many rows": f"<table><tr><td>{'x' * 60_000}{'<tr><td>x' * 7000}",
    "a margin of a million lines": "<p style='margin:99999999em;padding:99999999em'>x</p>",
    "paragraphs": "<p>x</p>" * 16_000,
    "a word that could be a link": "x" * 130_000,
    "links": "<a href='https://x'>https://x</a>" * 3000,
    "no HTML": "\x01\x02<?xml version='1.0' encoding='utf-7'?><![CDATA[<!ENTITY x>",
}


@pytest.fixture(autouse=True)
def bounds() -> Iterator[None]:
    """Time and memory that no test here may exceed."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    yield
    assert time.process_time() - began < MOST_CPU_SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY_KIB


@every_adapter
@pytest.mark.parametrize("context", [Context.TEXT, Context.LINE, Context.HTML])
@pytest.mark.parametrize("source", ESCAPES)
def test_nothing_leads_out_of_a_template(renderer: Renderer, source: str, context: Context) -> None:
    data = {"x": {"name": "n"}, "xs": [{"a": 1}], "key": "items"}

    with pytest.raises(Invalid) as refusal:
        render(renderer, source, data, context)

    assert "object at 0x" not in refusal.value.message


@every_adapter
@pytest.mark.parametrize("source", ESCAPES)
def test_an_escape_as_a_value_is_just_words(renderer: Renderer, source: str) -> None:
    data = {"x": source}

    assert render(renderer, "{{ x }}{{ x ~ '' }}", data) == source * 2


@every_adapter
@pytest.mark.parametrize("locale", ESCAPES)
def test_an_escape_as_a_locale_is_english(renderer: Renderer, locale: str) -> None:
    words = renderer.render({"text": Source("{{ 1|money('EUR') }}")}, b"{}", locale=locale)

    assert words == {"text": "€1.00"}


@every_adapter
def test_a_template_changes_nothing_for_the_next_part(renderer: Renderer) -> None:
    sources = {
        "title": Source("{% set x = 1 %}{{ x }}{{ xs|sort|first }}"),
        "body": Source("{{ x }}{{ xs|first }}"),
    }

    words = renderer.render(sources, b'{"x": 0, "xs": [2, 1]}', locale="en")

    assert words == {"title": "11", "body": "02"}


@every_adapter
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_is_refused_or_rendered_in_bounded_time_and_memory(
    renderer: Renderer, name: str
) -> None:
    source, data = FLOODS[name]

    try:
        words = render(renderer, source, data, Context.HTML)
    except Invalid as refusal:
        words = refusal.message

    assert len(words) <= 1024 * 1024


@every_adapter
@pytest.mark.parametrize(
    "source",
    [
        "{{ x" + "[0]" * 43_000 + " }}",
        "{{ x" + ".a" * 65_000 + " }}",
        "{{ 1" + "+1" * 65_000 + " }}",
        "{{ x }}" * 18_000,
        "{% if x %}x{% endif %}" * 5_000,
    ],
)
def test_tags_that_would_take_seconds_to_read_are_refused_at_once(
    renderer: Renderer, source: str
) -> None:
    began = time.process_time()

    with pytest.raises(Invalid, match="names and signs"):
        renderer.check(Source(source, Context.HTML))

    assert time.process_time() - began < MOST_CPU_SECONDS / 5


@every_adapter
@pytest.mark.parametrize(
    "source",
    [
        '{% for i in [1, 2] %}{{ link }}<a href="\n{% endfor %}">',
        '{% for i in [1, 2] %}{{ link }}<a href="\n{% else %}{{ link }}{% endfor %}">',
        '{% for i in [1, 2] %}{{ link }}{% if i %}<a href="\n{% else %}">{% endif %}{% endfor %}',
        '{% for i in [1, 2] %}{% for j in [1] %}{{ link }}{% endfor %}<a href="\n{% endfor %}">',
        '<a title="{% for i in [1, 2] %}{{ link }}" href="\n{% endfor %}">',
        "{% for i in [1, 2] %}{{ link }}<script>\n{% endfor %}</script>",
        '{% for i in [1, 2] %}{{ link }}<p style="\n{% endfor %}">',
        "{% for i in [1, 2] %}{{ link }}<p onclick=\n{% endfor %}>",
    ],
)
def test_a_loop_whose_next_round_would_begin_in_another_place_is_refused_beforehand(
    renderer: Renderer, source: str
) -> None:
    with pytest.raises(Invalid, match="line 2: the loop ends in another place"):
        renderer.check(Source(source, Context.HTML))


@every_adapter
def test_a_later_round_of_a_loop_begins_the_link_of_a_refresh(renderer: Renderer) -> None:
    source = '<meta http-equiv="refresh" content="{% for i in x %}{{ i }}; url={% endfor %}">'

    with pytest.raises(Invalid, match="link"):
        render(renderer, source, {"x": ["0", "javascript:1"]}, Context.HTML)


@every_adapter
@pytest.mark.parametrize(
    "source",
    [
        '{% for i in x %}<a href="{{ i }}">{% if i %}<b title="{{ i }}">{% endif %}{% endfor %}',
        "<p{% for i in x %} title='{{ i }}'{% else %} lang='{{ x }}'{% endfor %}>{{ x }}</p>",
        '<p style="{% for i in x %}color: {{ i|length }}px;{% endfor %}">',
        "{% for i in x %}<!-- {{ i }} --><style>p{}</style>{% endfor %}",
    ],
)
def test_a_loop_that_closes_what_it_opens_is_rendered(renderer: Renderer, source: str) -> None:
    words = render(renderer, source, {"x": ["https://a.example"] * 2}, Context.HTML)

    assert words


@every_adapter
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_told_in_bounded_time_and_memory(renderer: Renderer, name: str) -> None:
    words = render(renderer, PAGES[name], {}, Context.TEXT_OF_HTML)

    assert len(words) <= len(PAGES[name]) + 20_000


@every_adapter
def test_a_page_too_long_to_be_told_is_refused(renderer: Renderer) -> None:
    source = "<p class='{% if x %}{% endif %}'>" + TEN * 2 + "{{ x }}" + END * 2

    with pytest.raises(Invalid, match="not made into text"):
        render(renderer, source, {"xs": [0] * 60, "x": "x" * 100}, Context.TEXT_OF_HTML)
