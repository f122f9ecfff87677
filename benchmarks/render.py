"""Rendering: subject, HTML and text in German, beside Jinja2 with Babel and a bare engine.

    python -m benchmarks.render [--rounds 5]

Eight variables, a loop of three, a condition, five amounts of money and two dates; a thousand
recipients, who buy at a hundred prices and have each a total of their own, as JSON like it lies in
the journal. The peer does what the documentation of Jinja2 and Babel shows; the floor is minijinja
with dummies for the formats and data decoded beforehand, that is: no formatting, no check of links
or of anything else. All take turns in each round; figures are medians of processor time.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import Any

import minijinja
from babel.dates import format_date
from babel.numbers import format_currency
from jinja2.sandbox import ImmutableSandboxedEnvironment

from benchmarks.bench import Bench
from benchmarks.figures import Sample, Who
from sendwell.adapters.minijinja import MinijinjaRenderer
from sendwell.domain.rendering import Context, Source

SUBJECT = "Ihre Bestellung {{ order }} vom {{ placed|date }}"
HTML = """<html><body><h1>Hallo {{ name }},</h1>
<p>wir haben Ihre Bestellung <b>{{ order }}</b>{% if express %} per Express{% endif %} versandt.</p>
<table>{% for line in lines %}
<tr><td>{{ line.count }}</td><td>{{ line.name }}</td><td>{{ line.price|money("EUR") }}</td></tr>
{%- endfor %}
</table>
<p>Versand {{ shipping|money("EUR") }}, zusammen {{ total|money("EUR") }}.</p>
<p>Sie kommt am {{ arrives|date }}: <a href="{{ link }}">verfolgen</a></p>
</body></html>
"""
TEXT = """Hallo {{ name }},

wir haben Ihre Bestellung {{ order }}{% if express %} per Express{% endif %} versandt.
Verfolgen: {{ link }}
"""
SOURCES = {
    "subject": Source(SUBJECT, Context.LINE),
    "html": Source(HTML, Context.HTML),
    "text": Source(TEXT, Context.TEXT),
}
RECIPIENTS = 1000
PRICES = 100
PASSES = 3


PEER = "sandboxed Jinja2 with Babel, as their documentation shows"
PER_SECOND = "/s of processor time"
FLOOR = "minijinja with dummies for the formats"


def measure(bench: Bench) -> Iterator[Sample]:
    bench.say("subject, HTML and text in German")
    found = rates(rounds=1)
    case = "subject, HTML and text"
    yield Sample(case, Who.PRODUCT, found["product_per_second"], PER_SECOND)
    yield Sample(case, Who.FLOOR, found["floor_minijinja_per_second"], PER_SECOND, FLOOR)
    yield Sample(case, Who.PEER, found["peer_jinja2_babel_per_second"], PER_SECOND, PEER)


def rates(rounds: int = 5) -> dict[str, float]:
    """Renders a second of one core (a render is all three parts), and what follows from them."""
    recipients = [json.dumps(_data(number)).encode() for number in range(RECIPIENTS)]
    render = MinijinjaRenderer().render
    runs: dict[str, Callable[[bytes], object]] = {
        "product": lambda data: render(SOURCES, data, locale="de"),
        "peer_jinja2_babel": _jinja2(),
        "floor_minijinja": _minijinja(recipients),
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            taken[name].append(_seconds(run, recipients))
    rates = {name: 1 / statistics.median(seconds) for name, seconds in taken.items()}
    return {
        **{f"{name}_per_second": rate for name, rate in rates.items()},
        "product_microseconds": 1e6 / rates["product"],
        "product_to_peer": rates["product"] / rates["peer_jinja2_babel"],
        "product_to_floor": rates["product"] / rates["floor_minijinja"],
    }


def _seconds(run: Callable[[bytes], object], recipients: list[bytes]) -> float:
    for data in recipients:
        run(data)
    began = time.process_time()
    for _ in range(PASSES):
        for data in recipients:
            run(data)
    return (time.process_time() - began) / (PASSES * len(recipients))


def _jinja2() -> Callable[[bytes], object]:
    texts = ImmutableSandboxedEnvironment()
    pages = ImmutableSandboxedEnvironment(autoescape=True)
    for environment in (texts, pages):
        environment.filters["money"] = partial(format_currency, locale="de")
        environment.filters["date"] = lambda day: format_date(date.fromisoformat(day), locale="de")
    subject, html, text = (
        texts.from_string(SUBJECT),
        pages.from_string(HTML),
        texts.from_string(TEXT),
    )
    return lambda data: [
        template.render(values)
        for values in [json.loads(data)]
        for template in (subject, html, text)
    ]


def _minijinja(recipients: list[bytes]) -> Callable[[bytes], object]:
    environment = minijinja.Environment(
        filters={"money": lambda _amount, _currency: "1,00 €", "date": lambda _day: "1.1.2026"}
    )
    names = ("subject.txt", "html.html", "text.txt")
    for name, source in zip(names, (SUBJECT, HTML, TEXT), strict=True):
        environment.add_template(name, source)
    decoded = {data: json.loads(data) for data in recipients}
    return lambda data: [environment.render_template(name, **decoded[data]) for name in names]


def _data(number: int) -> dict[str, Any]:
    return {
        "name": f"Jürgen Groß {number}",
        "order": f"A-{number:05}",
        "placed": f"2026-11-{1 + number % 28:02}",
        "arrives": f"2026-12-{1 + number % 24:02}",
        "express": number % 2 == 0,
        "shipping": 4.9,
        "total": 19.7 + 37.31 * number,
        "link": f"https://shop.example/orders/{number}",
        "lines": [
            {"count": 2, "name": "Bleistift <HB>", "price": 3.2 + number % PRICES},
            {"count": 1, "name": "Notizbuch", "price": 12 + number % PRICES / 4},
            {"count": 5, "name": "Radiergummi", "price": 4.5},
        ],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    print(json.dumps(rates(parser.parse_args().rounds), indent=2))
