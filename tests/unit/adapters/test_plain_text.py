"""The text of a page: of a finished one, and of the template of one."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.adapters.plain_text import text_of, text_program
from sendwell.adapters.rendering.grammar import parse
from sendwell.domain.errors import Invalid
from sendwell.domain.rendering import Context, Source

RENDERER = MinijinjaRenderer()

ORDER = """<html><head><title>{{ order }}</title><style>p { color: red }</style></head><body>
<div style="display: none">You ordered {{ order }}</div>
<h1>Hello {{ name }}!</h1>
<p>Your order <b>{{ order }}</b>{% if express %}, by express,{% endif %} is on its way.</p>
<table width="100%"><tbody>
{% for line in lines %}
<tr><td>{{ line.count }}</td><td>{{ line.name }}</td></tr>
{% endfor %}
</tbody></table>
<ul>{% for hint in hints %}<li>{{ hint }}</li>{% else %}<li>No hints</li>{% endfor %}</ul>
<p><a href="{{ link }}">Follow it</a> or see <a href="{{ shop }}">{{ shop }}</a>.</p>
</body></html>"""

DATA: Mapping[str, Any] = {
    "order": "A-1 <&>",
    "name": "Ada   King",
    "express": True,
    "lines": [{"count": 2, "name": "Pencil"}, {"count": 1, "name": "A much longer name"}],
    "hints": ["one", "two"],
    "link": "https://shop.example/a?b=1&c=2",
    "shop": "https://shop.example",
}

TOLD = """Hello Ada   King!

Your order A-1 <&>, by express, is on its way.

2  Pencil
1  A much longer name
* one
* two

Follow it (https://shop.example/a?b=1&c=2) or see https://shop.example."""


def told(source: str, data: Mapping[str, Any]) -> str:
    parts = {"text": Source(source, Context.TEXT_OF_HTML)}
    return RENDERER.render(parts, json.dumps(data).encode(), locale="en")["text"]


def page(source: str, data: Mapping[str, Any]) -> str:
    parts = {"html": Source(source, Context.HTML)}
    return RENDERER.render(parts, json.dumps(data).encode(), locale="en")["html"]


def test_a_page_is_told_with_its_loops_conditions_and_links() -> None:
    assert told(ORDER, DATA) == TOLD


def test_a_page_is_told_once_for_all_who_get_it() -> None:
    assert text_program(parse(ORDER)) is not None


def test_what_is_left_out_takes_no_line() -> None:
    data = {**DATA, "express": False, "lines": [], "hints": []}

    words = told(ORDER, data)

    assert "Your order A-1 <&> is on its way.\n\n* No hints\n\nFollow it" in words


@pytest.mark.parametrize(
    "source",
    [
        '<p class="{% if x %}a{% endif %}">{{ x }}</p>',
        "<head><title>{% if x %}a{% endif %}</title></head><p>{{ x }}</p>",
        "<div hidden>{% if x %}a{% endif %}</div><p>{{ x }}</p>",
        "<script>{% if x %}a{% endif %}</script><p>{{ x }}</p>",
        "<!-- {% if x %} -->a<!-- {% endif %} --><p>{{ x }}</p>",
        "<p>\U000f0000{{ x }}</p>",
    ],
)
def test_where_a_statement_would_get_lost_the_finished_page_is_told(source: str) -> None:
    assert text_program(parse(source)) is None
    assert told(source, {"x": "words"}).endswith("words")


@given(
    names=st.lists(st.from_regex(r"\A\w{1,8}\Z"), max_size=4),
    is_vip=st.booleans(),
    source=st.sampled_from(
        [
            "<p>{{ n }}</p>{% for x in xs %}<p>a {{ x }} b</p>{% endfor %}<p>c</p>",
            "<ul>{% for x in xs %}<li>{{ x }}</li>{% endfor %}</ul>d",
            "<table>{% for x in xs %}<tr><td>{{ x }}</td><th>{{ n }}</th></tr>{% endfor %}</table>",
            "<table><tr>{% for x in xs %}<td>{{ x }}</td>{% endfor %}<td>e</td></tr></table>",
            "<p>f{% if v %} {{ n }}{% else %} nobody{% endif %}.</p>{% if v %}<p>g</p>{% endif %}",
            "<div>h<br>{% for x in xs %}{{ x }}<br>{% endfor %}{{ n }}</div>",
            "<table><td><table>{% for x in xs %}<tr><td>{{ x }}</td>{% endfor %}</table><td>i",
            "<table><tr><td>j<p>{{ n }}</p></td><td>{{ n }}<p>k</p></td></tr></table>",
            '{% for x in xs %}<a href="https://j/{{ x }}">{{ x }}</a> {% endfor %}{{ n }}',
        ]
    ),
)
def test_the_told_template_says_the_words_of_the_told_page(
    names: list[str], is_vip: bool, source: str
) -> None:
    data = {"n": "Ada", "xs": names, "v": is_vip}

    expected = text_of(page(source, data))

    assert text_program(parse(source)) is not None
    assert expected.split() == told(source, data).split()


@pytest.mark.parametrize("names", [[], ["one"], ["one", "two", "three"]])
@pytest.mark.parametrize("is_vip", [True, False])
@pytest.mark.parametrize(
    "source",
    [
        "<ol>{% for x in xs %}<li>{{ x }}</li>{% endfor %}</ol>",
        "<ol>{% if v %}<li>{{ n }}</li>{% endif %}<li>a</li></ol>",
        "<OL>{% for x in xs %}{% if v %}<LI>{{ x }}{% endif %}{% endfor %}<li>b</OL>",
        "<ol><li>c<ul><li>d</ul>{% if v %}<li>e{% else %}<li>f<li>g{% endif %}<li>h</ol>",
        "<ol><li>i<ol><li>j</ol>{% for x in xs %}<li>{{ x }}{% endfor %}</ol>",
        "{% if v %}<ol>{% else %}<ul>{% endif %}<li>k</li><li>l</li>",
    ],
)
def test_items_that_come_and_go_are_numbered_as_on_the_page(
    names: list[str], is_vip: bool, source: str
) -> None:
    data = {"n": "Ada", "xs": names, "v": is_vip}

    assert text_of(page(source, data)).split() == told(source, data).split()


@pytest.mark.parametrize(
    "source",
    [
        "<ol><li>{{ n }}</li><li>a{% if v %} b{% endif %}</li></ol>{% if v %}<p>c</p>{% endif %}",
        "{% for x in xs %}<ol><li>{{ x }}</li><li>d</li></ol>{% endfor %}",
        "<ol><li>e<ul>{% for x in xs %}<li>{{ x }}</li>{% endfor %}</ul></li><li>f</li></ol>",
        "<ol><li>g</li></ol>{% for x in xs %}<li>{{ x }}</li>{% endfor %}",
    ],
)
def test_items_that_always_have_the_same_number_are_told_once_for_all(source: str) -> None:
    data = {"n": "Ada", "xs": ["one", "two"], "v": True}

    assert text_program(parse(source)) is not None
    assert text_of(page(source, data)).split() == told(source, data).split()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("words", "words"),
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<p>a<br>b</p>", "a\nb"),
        ("&lt;b&gt; &amp; &eacute; &nbsp;x", "<b> & é x"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a  b\nc"),
        ('<a href="https://x.example">here</a>', "here (https://x.example)"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example"),
        ('<a href="#top">up</a><a name="top">!</a>', "up!"),
        ("<style>p{}</style><script>x</script><template>y</template>z", "z"),
        ("<p style='DISPLAY:none'>a</p><p hidden>b</p>c", "c"),
        ("<!-- a -->b", "b"),
        ("<a><b></c></p>", ""),
        ("<?xml version='1.0' encoding='utf-16'?>a", "a"),
    ],
)
def test_a_page_in_words(html: str, text: str) -> None:
    assert text == text_of(html)


@given(st.text("<>/ab=\"'&;! -{%\n", max_size=60))
def test_any_page_is_told(html: str) -> None:
    assert "\ue000" not in text_of(html)


def test_a_page_that_is_too_long_is_refused() -> None:
    with pytest.raises(Invalid, match="give the template a text"):
        text_of("x" * 300_000)
