"""What the Renderer port promises of values in HTML, run over every adapter."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid
from sendwell.domain.rendering import Context, Missing, Source
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
     '{% for i in [1] %}<a href="{{ link }}">{% endfor %}', "{{ link|url }}",
     '<a href="{% if false %}https://a.example/{% else %}{{ link }}{% endif %}">',
     '<a href="{% if false %}https://a.example/{% elif true %}{{ link }}{% endif %}">',
     '<a href="{% if false %}https://a.example{% endif %}{{ link }}">',
     '<a href="{% if false %}https://a.example/" class="b">{% else %}{{ link }}">{% endif %}',
     '<a href="{% if true %}{% if false %}https://a.example{% endif %}{% endif %} {{ link }}">',
     '<a href="{% for i in [] %}https://a.example{% endfor %}{{ link }}">',
     '<a href="{% for i in [] %}https://a.example{% else %}{{ link }}{% endfor %}">',
     '<a href="https://a.example/{% for i in [1, 2] %}{{ link }}"><a href="{% endfor %}">',
     '{% for i in [1, 2] %}<a href="{% if i == 1 %}https://a{% endif %}{{ link }}">{% endfor %}',
     '<a href="{{ link }}{{ good }}">', '<a href="{% if bad %}{{ bad }}{% endif %}{{ link }}">',
     '<a href="{% for i in [] %}{{ good }}{% endfor %}{{ link }}">',
     '<a href="{{ good }}"><a href="{{ link }}">',
     '<a href="{{ good }}{{ good }}"><a href="{{ link }}">',
     '<a href="{% for i in [1, 2] %}{% if i == 2 %}{{ link }}{% endif %}{% endfor %}">',
     '{% for i in [1, 2] %}<a href="{{ good if i == 1 else link }}{{ good }}">{% endfor %}',
     '<a href="{% for i in [1, 2] %}{{ good }}"><a href="{% endfor %}{{ link }}">',
     '<meta http-equiv="refresh" content="0; URL={{ link }}">'],
)  # fmt: skip
def test_a_link_that_could_run_something_is_refused(
    renderer: Renderer, source: str, value: str
) -> None:
    with pytest.raises(Invalid, match="link"):
        render(renderer, source, {"link": value, "good": "https://a.example", "bad": False}, HTML)


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
    ("source", "links"),
    [
        (
            "{% if tracked %}https://t.example/{{ url|urlencode }}{% else %}{{ url }}{% endif %}",
            ("https://t.example/https%3A%2F%2Fa.example%2Fb", "https://a.example/b"),
        ),
        (
            "{% if tracked %}https://t.example/r?u={% endif %}{{ url }}",
            ("https://t.example/r?u=https://a.example/b", "https://a.example/b"),
        ),
        (
            "{% if tracked %}https://t.example{% elif true %}https://b{% endif %}{{ path }}",
            ("https://t.example/c", "https://b/c"),
        ),
        (
            '{% if tracked %}https://t.example">{% else %}{{ url }}">{% endif %}{{ path }}',
            ("https://t.example", "https://a.example/b"),
        ),
        (
            "{% for part in parts %}{% if loop.first %}tel:{% endif %}{{ part }}/{% endfor %}",
            ("tel:b/True/3.0/", "tel:b/True/3.0/"),
        ),
        ("{{ url }}{{ path }}", ("https://a.example/b/c", "https://a.example/b/c")),
        (
            "{{ url }}{% if tracked %}{{ path }}{% endif %}",
            ("https://a.example/b/c", "https://a.example/b"),
        ),
        (
            "{% if tracked %}{{ url }}{% else %}https://b{% endif %}{{ path }}",
            ("https://a.example/b/c", "https://b/c"),
        ),
        (
            "{% if tracked %}{{ url }}{% endif %}{{ url }}",
            ("https://a.example/bhttps://a.example/b", "https://a.example/b"),
        ),
        (
            "{% for step in steps %}{{ step }}{% endfor %}",
            ("https://a.example/x", "https://a.example/x"),
        ),
        (
            '{{ url }}{{ path }}"><a href="{% for step in steps %}{{ step }}{% endfor %}',
            ("https://a.example/b/c", "https://a.example/b/c"),
        ),
    ],
)
def test_a_value_that_stands_behind_others_or_words_is_no_link_of_its_own(
    renderer: Renderer, source: str, links: tuple[str, str]
) -> None:
    data = {
        "url": "https://a.example/b",
        "path": "/c",
        "parts": ["b", True, 3.0],
        "steps": ["https://a.example", "/", "x"],
    }

    for tracked, link in zip((True, False), links, strict=True):
        page = Page(render(renderer, f'<a href="{source}">', {**data, "tracked": tracked}, HTML))
        assert page.tags[0] == ("a", {"href": link})


@every_adapter
def test_what_is_missing_in_a_link_is_named_behind_words_and_before(renderer: Renderer) -> None:
    source = '<a href="{% if own %}https://a.example{% endif %}{{ path }}">'

    for own in (True, False):
        for data in ({"own": own}, {"own": own, "path": None}):
            with pytest.raises(Missing, match="path"):
                render(renderer, source, data, HTML)


@every_adapter
def test_a_link_that_was_refused_leaves_nothing_to_the_next_page(renderer: Renderer) -> None:
    source = '{% if bad %}<a href="{% endif %}{{ link }}'
    with pytest.raises(Invalid, match="link"):
        render(renderer, source, {"bad": True, "link": "javascript:1"}, HTML)

    assert render(renderer, source, {"bad": False, "link": "words"}, HTML) == "words"


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
    "source",
    ['<p style="color: {{ c }}">', "<style>p{color:{{ c }}}</style>",
     '<svg><set attributeName="fill" to="{{ c }}"/>',
     '<svg><animate attributeName="fill" values="red;{{ c }}" from="{{ c }}"/>'],
)  # fmt: skip
def test_a_style_takes_a_colour_and_nothing_that_loads_or_ends_it(
    renderer: Renderer, source: str
) -> None:
    assert "#ff0000" in render(renderer, source, {"c": "#ff0000"}, HTML)
    for value in ("red;background:url(//evil.example)", "}", "expression(alert(1))", "</style>",
                  "javascript:alert(1)"):  # fmt: skip
        with pytest.raises(Invalid, match="style"):
            render(renderer, source, {"c": value}, HTML)
