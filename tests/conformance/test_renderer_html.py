"""What the Renderer port promises of values in HTML, run over every adapter."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.rendering import Context, Source
from sendwell.ports.renderer import Renderer
from tests.conformance.renderers import every_adapter, render

TEXT, LINE, HTML = Context.TEXT, Context.LINE, Context.HTML


class Page(HTMLParser):
    """What a reader of HTML sees: the text, and every attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@every_adapter
@given(value=st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"])))
def test_a_value_stands_in_a_page_as_words_and_never_as_markup(
    renderer: Renderer, value: str
) -> None:
    source = "<p title=\"{{ value }}\" lang='{{ value }}'>{{ value }}</p>"

    page = Page(render(renderer, source, {"value": value}, HTML))

    assert page.tags == [("p", {"title": value, "lang": value})]
    assert page.text == value


@every_adapter
@pytest.mark.parametrize(
    "value",
    ["{{ 7*7 }}", "{% if x %}", "{# x #}", "{{ value }}", "${7*7}", "<%= 7*7 %>", "#{7*7}"],
)
@pytest.mark.parametrize("context", [TEXT, LINE, HTML])
def test_a_value_is_never_read_as_a_template(
    renderer: Renderer, value: str, context: Context
) -> None:
    words = render(renderer, "{{ value }}{{ value ~ value }}", {"value": value}, context)

    assert value * 3 == Page(words).text if context is HTML else words


@every_adapter
@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", " java\nscript:alert(1)", "data:text/html,x",
     "vbscript:x", "file:///etc/passwd", "//evil.example", "/relative", "https:evil", "", "#"],
)  # fmt: skip
@pytest.mark.parametrize(
    "source",
    ['<a href="{{ link }}">', "<img src=' {{ link }}'>", '<form action="{{ link }}x">',
     '<a title="x" HREF = "{% if true %}{{ link }}{% else %}{{ link }}{% endif %}">',
     '{% for i in [1] %}<a href="{{ link }}">{% endfor %}', "{{ link|url }}"],
)  # fmt: skip
def test_a_link_that_could_run_something_is_refused(
    renderer: Renderer, source: str, value: str
) -> None:
    with pytest.raises(Invalid, match="link"):
        render(renderer, source, {"link": value}, HTML)


@every_adapter
@pytest.mark.parametrize(
    ("source", "link"),
    [
        ('<a href="{{ link }}">', "https://shop.example/a?b=c&d=ö#e"),
        ('<a href="{{ link }}">', "mailto:ada@example.org"),
        ('<a href="{{ link }}">', "tel:+431234567"),
        ('<a href="https://shop.example/{{ link }}">', "javascript:1"),
        ('<p title="{{ link }}">', "javascript:alert(1)"),
    ],
)
def test_a_link_that_is_one_passes(renderer: Renderer, source: str, link: str) -> None:
    page = Page(render(renderer, source, {"link": link}, HTML))

    assert link in str(page.tags)


@every_adapter
@pytest.mark.parametrize(
    "source",
    ["<script>{{ x }}</script>", "<SCRIPT>a='{{ x }}'", '<a onclick="{{ x }}">', "<a b={{ x }}>",
     "<a {{ x }}>", "<{{ x }}>", '<iframe srcdoc="{{ x }}">', "<a b=1{{ x }}>",
     "<script>a</script ><script>{{ x }}", '<p a="b" {{ x }}="c">'],
)  # fmt: skip
def test_a_value_where_no_escaping_makes_it_safe_is_refused_beforehand(
    renderer: Renderer, source: str
) -> None:
    with pytest.raises(Invalid, match="line 2: "):
        renderer.check(Source(f"<html>\n{source}", HTML))


@every_adapter
@pytest.mark.parametrize(
    "source", ['<p style="color: {{ c }}">', "<style>p{color:{{ c }}}</style>"]
)
def test_a_style_takes_a_colour_and_nothing_that_loads_or_ends_it(
    renderer: Renderer, source: str
) -> None:
    assert "#ff0000" in render(renderer, source, {"c": "#ff0000"}, HTML)
    for value in ("red;background:url(//evil.example)", "}", "expression(alert(1))", "</style>"):
        with pytest.raises(Invalid, match="style"):
            render(renderer, source, {"c": value}, HTML)
