"""The contract of the Renderer port, run over every adapter."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sendwell.domain.errors import Invalid, TooLarge
from sendwell.domain.mime.header import unstructured
from sendwell.domain.rendering import Context, Missing, Source
from sendwell.ports.renderer import Renderer
from tests.conformance.renderers import every_adapter, render

TEXT, LINE, HTML = Context.TEXT, Context.LINE, Context.HTML
SOME_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@every_adapter
@pytest.mark.parametrize(
    ("source", "written"),
    [
        ("{{ name }}", "Ada"),
        ("{{ person.first }} {{ person['last name'] }}", "Ada King"),
        ("{{ prices[0] }} {{ prices|last }} {{ prices|length }}", "3 5 3"),
        ("{% for price in prices %}{{ loop.index }}:{{ price }};{% endfor %}", "1:3;2:4;3:5;"),
        ("{% for price in prices if price is odd %}{{ price }}{% endfor %}", "35"),
        ("{% for price in none_of %}x{% else %}nothing{% endfor %}", "nothing"),
        ("{% for k, n in person|items %}{{ k }}{{ n }} {% endfor %}", "firstAda last nameKing "),
        ("{% if name == 'Ada' and not prices == 3 %}yes{% else %}no{% endif %}", "yes"),
        ("{% if 1 > 2 %}a{% elif 4 in prices %}b{% endif %}", "b"),
        ("{% if name in name %}a{% endif %}{% if 'x' not in name %}b{% endif %}", "ab"),
        ("{{ 'a' if prices else 'b' }}{{ 'c' if not prices }}", "a"),
        ("{{ 2 + 3 * 4 - 6 / 4 }} {{ 7 // 2 }} {{ 7 % 4 }} {{ -3 }}", "12.5 3 3 -3"),
        ("{{ name ~ ' ' ~ 1 }}", "Ada 1"),
        ("{% set sum = prices|sum * 2 %}{{ sum }}", "24"),
        ("{{ nobody|default('friend') }} {{ null|default }}{{ person.x|default(1) }}", "friend 1"),
        ("{% if nobody is defined %}a{% endif %}{% if null is none %}b{% endif %}", "b"),
        ("{% if null %}a{% else %}b{% endif %}", "b"),
        ("{{ name|upper }} {{ name|lower }}", "ADA ada"),
        ("{{ 'a b'|title }} {{ 'aB'|capitalize }}", "A B Ab"),
        ("{{ ' a '|trim }}{{ 'one two three'|truncate(8) }}", "aone two…"),
        ("{{ 'a-b'|replace('-', '+') }} {{ prices|join(', ') }}", "a+b 3, 4, 5"),
        ("{% for p in people|sort(attribute='age') %}{{ p.age }} {% endfor %}", "1 2 "),
        ("{{ people|sum(attribute='age') }} {{ prices|first }} {{ -2|abs }}", "3 3 2"),
        ("{{ '7'|int + '0.5'|float }} {{ 2.567|round(1) }}", "7.5 2.6"),
        ("{{ 'a/ö&'|urlencode }}", "a%2F%C3%B6%26"),
        ("{{ ' https://example.org/?a=b '|url }}", "https://example.org/?a=b"),
        ("{% for line in lines|lines %}[{{ line }}]{% endfor %}", "[a][b]"),
        ("{{ 1234.5|money('EUR') }}", "1.234,50\N{NO-BREAK SPACE}€"),
        ("{{ 1234.5|number }} {{ 0.5|percent }}", "1.234,5 50\N{NO-BREAK SPACE}%"),
        ("{{ '2026-11-21'|date }} {{ '2026-11-21'|date('d. MMMM') }}", "21.11.2026 21. November"),
        ("{{ '2026-11-21T09:05:00Z'|time('short', 'Europe/Vienna') }}", "10:05"),
        ("{{ '2026-11-21T09:05:00Z'|datetime(timezone='Europe/Vienna') }}", "21.11.2026, 10:05:00"),
        ("{# nothing #}a{%- if true %} b {%- endif %}", "a b"),
        ("{% raw %}{{ name }} {% if %}{#{% endraw %}{{ name }}", "{{ name }} {% if %}{#Ada"),
        ("{{ '{{ name }}' }}{ {{ name }}}", "{{ name }}{ Ada}"),
        ("a\n\nb\n", "a\n\nb"),
        ("{{ \"quote ' \\\" \\n\" }}", "quote ' \" \n"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_template_says_what_it_says(renderer: Renderer, source: str, written: str) -> None:
    data = {
        "name": "Ada", "person": {"first": "Ada", "last name": "King"}, "prices": [3, 4, 5],
        "none_of": [], "null": None, "people": [{"age": 2}, {"age": 1}], "lines": "a\nb",
    }  # fmt: skip

    assert written == render(renderer, source, data)


@every_adapter
def test_all_parts_are_filled_with_the_same_data(renderer: Renderer) -> None:
    parts = {"subject": Source("{{ a }}", LINE), "html": Source("<b>{{ a }}</b>", HTML)}

    words = renderer.render(parts, b'{"a": "<1>"}', locale="en")

    assert words == {"subject": "<1>", "html": "<b>&lt;1&gt;</b>"}


@every_adapter
@pytest.mark.parametrize("locale", ["de-AT", "de_AT", "xx-YY", "", "../../x", "{{ 7*7 }}"])
def test_any_locale_can_be_asked_for(renderer: Renderer, locale: str) -> None:
    words = renderer.render({"text": Source("{{ 1|money('EUR') }}")}, b"{}", locale=locale)

    expected = "€\N{NO-BREAK SPACE}1,00" if locale.startswith("de") else "€1.00"
    assert expected == words["text"]


@every_adapter
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_value_stands_in_a_text_as_it_is(renderer: Renderer, value: str) -> None:
    assert f"[{value}]" == render(renderer, "[{{ value }}]", {"value": value})


@every_adapter
@pytest.mark.parametrize(
    ("source", "data", "name", "at"),
    [
        ("{{ order }}", {}, "order", "/data/order"),
        ("{{ order }}", {"order": None}, "order", "/data/order"),
        ("{{ person.name }}", {"person": {}}, "person.name", "/data/person/name"),
        ("{{ person.name.first }}", {"person": {}}, "person.name.first", "/data/person/name/first"),
        ("{{ person.name.first }}", {}, "person.name.first", "/data/person/name/first"),
        ("{{ person['name'] }}", {"person": {}}, "person.name", "/data/person/name"),
        ("{{ order.items }}", {"order": {}}, "order.items", "/data/order/items"),
        (
            "{% for i in order.items %}{% endfor %}",
            {"order": {}},
            "order.items",
            "/data/order/items",
        ),
        ("{% if vip %}{% endif %}", {}, "vip", "/data/vip"),
        ("{% for x in lines %}{% endfor %}", {}, "lines", "/data/lines"),
        ("{% for x in lines %}{{ x.name }}{% endfor %}", {"lines": [{}]}, "x.name", "/data"),
        ("{{ price|money('EUR') }}", {}, "price", "/data/price"),
        ("{{ day|date }}", {"day": None}, "day", "/data/day"),
        ("{{ name|upper }}", {}, "name", "/data/name"),
        ("{{ 'a' ~ name }}", {}, "name", "/data/name"),
        ("{{ 1 + count }}", {}, "count", "/data/count"),
        ("{{ 1 - count }}", {}, "count", "/data/count"),
        ("{{ -count }}", {}, "count", "/data/count"),
        ("{% if a == b %}{% endif %}", {"a": 1}, "b", "/data/b"),
        ("{% if count is odd %}{% endif %}", {}, "count", "/data/count"),
        ("{{ prices[2] }}", {"prices": [1]}, "prices.2", "/data/prices/2"),
        ("{% set x = name %}{{ x }}", {}, "name", "/data/name"),
        ("{{ xs.count }}", {"xs": [1]}, "xs.count", "/data/xs/count"),
    ],
)
@pytest.mark.parametrize("context", [TEXT, HTML, LINE])
def test_a_missing_variable_is_told_by_name_and_place(
    renderer: Renderer, source: str, data: dict[str, Any], *, name: str, at: str, context: Context
) -> None:
    with pytest.raises(Missing, match="part: ") as missing:
        render(renderer, source, data, context)

    assert missing.value.names[0] == name
    assert missing.value.flaws[0].pointer == at
    assert name in missing.value.flaws[0].why
    assert name in missing.value.message


@every_adapter
def test_all_that_is_missing_is_told_at_once(renderer: Renderer) -> None:
    source = "{{ a }}{{ b.c }}{{ d|default('') }}{% if e is defined %}{{ e }}{% endif %}{{ f }}"

    with pytest.raises(Missing) as missing:
        render(renderer, source, {"f": 1})

    assert missing.value.names == ("a", "b.c")


@every_adapter
def test_variables_are_what_a_template_can_not_do_without(renderer: Renderer) -> None:
    source = """{{ a }}{{ b.c }}{% for x in d.list %}{{ x.y }}{{ loop.index }}{% endfor %}
        {% set z = w %}{{ z }}{{ m|default(1) }}{% if n is defined %}{{ n }}{% endif %}"""

    assert renderer.variables(Source(source, HTML)) == {"a", "b.c", "d.list", "w"}


@every_adapter
def test_what_a_template_reads_is_more_than_what_it_can_not_do_without(renderer: Renderer) -> None:
    source = """{{ a }}{% for x in d.list %}{{ x.y }}{% endfor %}{% if c %}{{ b.c|upper }}
        {% endif %}{% set z = w %}{{ z }}{{ m|default(1) }}{{ n if n is defined }}"""

    read = renderer.reads(Source(source, LINE))

    assert read == {"a", "b.c", "c", "d.list", "m", "n", "w"}


@every_adapter
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("a\n{{ x", "line 2"),
        ("a\n{% if x %}", "line 2"),
        ("a\n\n{{ x|shout }}", "line 3: there is no filter 'shout'"),
        ("{{ x is tall }}", "line 1: there is no test 'tall'"),
        ("{{ x|upper(**y) }}", "line 1"),
        ("{% if 1 %}\n\n{{ x.y() }}{% endif %}", "line 3: nothing can be called"),
        ("{{ x[1:2] }}", "truncate"),
        ("{{ 1 < x < 3 }}", "two values at a time"),
    ],
)
def test_what_is_wrong_with_a_template_is_told_with_its_line(
    renderer: Renderer, source: str, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        renderer.check(Source(source))
    with pytest.raises(Invalid, match=said):
        renderer.variables(Source(source))


@every_adapter
def test_what_goes_wrong_while_rendering_is_told_with_its_line(renderer: Renderer) -> None:
    with pytest.raises(Invalid, match="part: line 3"):
        render(renderer, "a\n{# b\n#}{{ 1 / n }}", {"n": 0})


@every_adapter
@pytest.mark.parametrize(
    "value",
    [
        "xs|upper", "n|length", "none_of|first", "xs|first|upper", "person|last", "n|join",
        "'a'|int", "'a'|float", "true|abs", "n|items", "mixed|sort", "xs|sort", "mixed|sum",
        "n|sort", "xs|sort(attribute='a')", "'a'|truncate('b')", "n|url", "'b' in n", "xs == xs",
        "n < name", "n + name", "name * 2", "-name", "name - 1", "n / 0", "10 * big * big",
        "n is divisibleby(0)", "n|round(name)", "xs ~ 1", "person['items']", "xs[n].items",
        "xs[0][name]", "n[name]", "n|replace('a')", "n|replace('a', 1)", "name|date", "name|number",
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_refused(renderer: Renderer, value: str) -> None:
    data = {
        "xs": [[1]], "n": 1, "none_of": [], "person": {"a": 1}, "mixed": [1, "a"], "name": "a",
        "big": 2**62,
    }  # fmt: skip

    with pytest.raises(Invalid, match="part: "):
        render(renderer, f"{{{{ {value} }}}}", data)


@every_adapter
@pytest.mark.parametrize("depth", [100, 900, 990, 5000, 100_000])
def test_deep_data_is_rendered_or_refused(renderer: Renderer, depth: int) -> None:
    data = b'{"x": %b1%b, "y": null}' % (b"[" * depth, b"]" * depth)

    with suppress(Invalid):
        words = renderer.render({"text": Source("{{ x }}")}, data, locale="en")["text"]
        assert words.count("[") == depth


@every_adapter
@pytest.mark.parametrize("value", ["a\r\nBcc: x@example.org", "a\nb", "a\rb", "a\0b", "a\x0bb"])
def test_a_line_break_in_a_value_is_refused_where_one_line_must_be(
    renderer: Renderer, value: str
) -> None:
    with pytest.raises(Invalid, match=r"part: .*(one line|NUL)"):
        render(renderer, "Hello {{ x }}", {"x": value}, LINE)


@every_adapter
def test_the_line_breaks_of_the_author_become_spaces_where_one_line_must_be(
    renderer: Renderer,
) -> None:
    source = "\n  Hello\n  {% if x %}\n{{ x }}{% endif %}\n"

    assert render(renderer, source, {"x": "Ada"}, LINE) == "Hello  Ada"


@every_adapter
def test_a_tab_becomes_a_space_where_one_line_must_be(renderer: Renderer) -> None:
    words = render(renderer, "Order\t{{ x }}", {"x": "Mug\tblue\t"}, LINE)

    assert words == "Order Mug blue"
    assert unstructured("Subject", words, pointer="/subject") == "Subject: Order Mug blue\r\n"


@every_adapter
@pytest.mark.parametrize("context", list(Context))
def test_nul_is_refused_everywhere(renderer: Renderer, context: Context) -> None:
    with pytest.raises(Invalid):
        render(renderer, "{{ x }}", {"x": "a\0b"}, context)


@every_adapter
@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"a": "\xff"}', b'{"a":"\\ud800"}'])
def test_data_that_is_no_json_object_is_refused(renderer: Renderer, data: bytes) -> None:
    with pytest.raises(Invalid):
        renderer.render({"text": Source("x")}, data, locale="en")


@every_adapter
def test_more_data_than_fits_is_refused(renderer: Renderer) -> None:
    with pytest.raises(TooLarge):
        render(renderer, "x", {"x": "a" * 300_000})


@every_adapter
def test_a_long_digest_is_rendered(renderer: Renderer) -> None:
    source = "{% for x in xs %}<tr><td>{{ x.name }}</td></tr>{% endfor %}{{ null|default }}"
    people = [{"name": f"Person <{number}>", "n": number} for number in range(2000)]

    words = render(renderer, source, {"xs": people, "null": None}, HTML)

    assert words.count("<tr>") == 2000
    assert "Person &lt;1999&gt;" in words


@every_adapter
@given(
    source=st.lists(
        st.sampled_from(
            ["{{ ", " }}", "{% ", " %}", "{# ", " #}", "x", "y", ".", "items", "|", "upper", "(",
             ")", "[", "]", "'a'", '"', "1", "+", "~", "if ", "for ", "in ", "else", "endif",
             "endfor", "set ", "=", "-", "is defined", " ", "\n", "<a href='", "'>", "{", "}", "\\",
             "default", "{{ x }}", "{{ y.items }}", "{% if x %}", "{% endif %}", "{% for z in y %}",
             "{% endfor %}", "ü", "0", ",", "not ", "==", "raw", "**", "*", "%"]
        ),
        max_size=25,
    ).map("".join),
    data=st.fixed_dictionaries({"x": SOME_JSON, "y": SOME_JSON}),
    context=st.sampled_from(Context),
)  # fmt: skip
def test_whatever_is_written_is_rendered_or_refused(
    renderer: Renderer, source: str, data: dict[str, Any], context: Context
) -> None:
    with suppress(Invalid):
        assert "object at 0x" not in render(renderer, source, data, context)


@every_adapter
def test_threads_do_not_disturb_each_other(renderer: Renderer) -> None:
    source = "{% for x in xs %}{{ x ~ '|' }}{{ price|money('EUR') }}{% endfor %}"

    def written(price: int) -> str:
        return render(renderer, source, {"xs": list(range(200)), "price": price, "null": None})

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(written, range(40)))

    assert [result.count(f"{price},00") for price, result in enumerate(results)] == [200] * 40
